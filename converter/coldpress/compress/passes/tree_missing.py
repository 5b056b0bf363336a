"""Where a missing value goes: nowhere special is what a tree does without being told."""

from __future__ import annotations

import onnx

from ._trees import attribute, remove, tree_nodes

__all__ = ["drop_missing_tracks"]

_NAME = "nodes_missing_value_tracks_true"


def drop_missing_tracks(model: onnx.ModelProto) -> tuple[onnx.ModelProto, bool]:
    """Take the flags away where all are 0, which is what ONNX has for a tree without them."""
    changed = [remove(node, [_NAME]) for node in tree_nodes(model) if _says_nothing(node)]
    return model, any(changed)


def _says_nothing(node: onnx.NodeProto) -> bool:
    flags = attribute(node, _NAME)
    return flags is not None and not any(flags.ints)
