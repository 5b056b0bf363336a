"""How often each node of a tree was visited in training: nothing reads it."""

from __future__ import annotations

import onnx

from ._trees import remove, tree_nodes

__all__ = ["drop_hitrates"]

_NAMES = ("nodes_hitrates", "nodes_hitrates_as_tensor")


def drop_hitrates(model: onnx.ModelProto) -> tuple[onnx.ModelProto, bool]:
    """Take the hit rates away, which ONNX calls a hint for optimisers and onnxruntime ignores."""
    changed = [remove(node, _NAMES) for node in tree_nodes(model)]
    return model, any(changed)
