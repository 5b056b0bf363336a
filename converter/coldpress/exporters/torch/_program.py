"""`torch.export`, and whether what it found holds for any number of rows and any values.

It follows a module with two rows. A module that takes another way for eight rows, or for an even
number of them, must be refused: its export would answer wrongly where no sample goes. Asked by
`torch.onnx.export` itself, torch narrows the rows to those it has seen, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from coldpress.errors import ExportError, brief

if TYPE_CHECKING:
    from ._callee import Callee

__all__ = ["is_data_dependent", "program_of"]

# How torch.export says for which numbers of rows alone a program holds.
_GUARD = re.compile(r"satisfy the generated guard (.+)")


def program_of(callee: Callee, tensors: Mapping[str, torch.Tensor]) -> Any:  # noqa: ANN401 - as stubs
    """A module as an `ExportedProgram` whose number of rows is free; a program as it is.

    Args:
        callee: The module.
        tensors: A few rows.

    Raises:
        ExportError: torch can't follow it, or only for some numbers of rows.
    """
    if isinstance(callee.model, torch.export.ExportedProgram):
        return callee.model
    args, kwargs = callee.arrange(tensors)
    # A dimension with a name, of any size: torch then refuses what holds for some sizes only.
    rows = torch.export.Dim("rows")
    free = {name: {0: rows} for name in callee.names}
    try:
        return torch.export.export(callee.model, args, kwargs, dynamic_shapes=free, strict=False)
    except Exception as error:
        raise ExportError(_reason(error)) from error


def is_data_dependent(program: Any) -> bool:  # noqa: ANN401 - as stubs
    """Whether a program reads values of tensors into Python numbers."""
    return bool(set(map(str, program.range_constraints)) - _input_symbols(program))


def _some_rows(text: str) -> str:
    found = _GUARD.search(text)
    where = f" (torch.export followed it where {found[1]:.120})" if found else ""
    return (
        "the module's forward takes another way for some numbers of rows, which an export does "
        f"not have{where}; write it alike for any number of rows"
    )


def _input_symbols(program: Any) -> set[str]:  # noqa: ANN401 - as stubs
    given = {s.arg.name for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT"}
    nodes = (n for n in program.graph.nodes if n.op == "placeholder" and n.name in given)
    shapes = (getattr(node.meta["val"], "shape", ()) for node in nodes)
    return {str(size) for shape in shapes for size in shape if not isinstance(size, int)}


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, GuardOnDataDependentSymNode):
        return (
            "the module's forward takes its way by the values of its inputs (data-dependent "
            "control flow), which torch.export can't follow; use torch.where or torch.cond"
        )
    if "specialized it to be a constant" in text:
        return (
            "the module's forward fixes the number of rows, as a view of a constant size does; "
            "use -1 or x.shape[0] for it"
        )
    if "Constraints violated" in text:
        return _some_rows(text)
    line = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return f"torch.export can't follow the module: {brief(ValueError(line))}"
