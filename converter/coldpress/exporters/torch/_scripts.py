"""TorchScript modules that answer with dictionaries, which torch's exporter of scripts can't write.

Around such a module comes one that takes the dictionaries apart; torch then drops what is made
only to be taken apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

__all__ = ["has_keys", "taken_apart"]

# A name that no parameter has.
_ANSWER = "answer_"


def has_keys(answer: Any) -> bool:  # noqa: ANN401 - torch's own
    """Whether there is a dictionary in what a script gave."""
    return any(hasattr(entry, "key") for path in _paths(answer) for entry in path)


def taken_apart(script: torch.jit.ScriptModule, names: Sequence[str], answer: Any) -> Any:  # noqa: ANN401 - as above
    """A script that gives the tensors of another one's answer as a tuple.

    Args:
        script: The other one.
        names: Its parameters that are given, which are those of the new one in this order.
        answer: What it gave once: it says which keys there are.
    """

    class Around(torch.nn.Module):
        """A class for this script alone: torch keeps what a class's forward is."""

    around = Around()
    around.inner = script
    made: Any = torch.jit  # which has no types
    outer = made.script(around)
    outer.define(_program(names, _paths(answer)))
    return outer


def _paths(answer: Any) -> list[Sequence[Any]]:  # noqa: ANN401 - as above
    leaves, _ = torch.utils._pytree.tree_flatten_with_path(answer)  # noqa: SLF001 - no public one
    return [path for path, leaf in leaves if leaf is not None]


def _program(names: Sequence[str], paths: Sequence[Sequence[Any]]) -> str:
    taken = "".join(f", {name}: Tensor" for name in names)
    given = ", ".join(f"{name}={name}" for name in names)
    parts = ", ".join(_ANSWER + "".join(map(_step, path)) for path in paths)
    return (
        f"def forward(self{taken}):\n    {_ANSWER} = self.inner({given})\n    return ({parts},)\n"
    )


def _step(entry: Any) -> str:  # noqa: ANN401 - torch's own
    if hasattr(entry, "name"):
        return f".{entry.name}"
    return f"[{getattr(entry, 'key', getattr(entry, 'idx', None))!r}]"
