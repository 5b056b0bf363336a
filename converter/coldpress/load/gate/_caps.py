"""Bounds on how much there is of anything, far above what real models have."""

from __future__ import annotations

import onnx

from coldpress.errors import LoadError
from coldpress.onnx_parts import scopes

__all__ = ["MOST_NODES", "check_caps"]

# The largest language models have about a hundred thousand.
MOST_NODES = 1_000_000
_MOST = {"nodes": MOST_NODES, "tensors": 1_000_000, "functions": 10_000}
_DEEPEST = 16


def check_caps(name: str, model: onnx.ModelProto) -> None:
    """Refuse a model with too many nodes, tensors or functions, or graphs nested too deeply."""
    found = {"nodes": 0, "tensors": 0, "functions": len(model.functions)}
    for scope in scopes(model):
        if scope.depth > _DEEPEST:
            raise LoadError(f"{name} nests graphs more than {_DEEPEST} deep; flatten it")
        found["nodes"] += len(scope.owner.node)
        if isinstance(scope.owner, onnx.GraphProto):
            found["tensors"] += len(scope.owner.initializer) + len(scope.owner.sparse_initializer)
        # At once, before what stands in the nodes is looked for.
        _compare(name, found)


def _compare(name: str, found: dict[str, int]) -> None:
    for what, count in found.items():
        if count > _MOST[what]:
            raise LoadError(
                f"{name} has {count:,} {what}, and {_MOST[what]:,} are the most that are opened"
            )
