"""Votes of zero: a leaf of a grown forest has one for each class that it never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from ._trees import attribute, tree_nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["drop_zero_weights"]

_INDICES = ("class_treeids", "class_nodeids", "class_ids")
_WEIGHTS = "class_weights"


def drop_zero_weights(model: onnx.ModelProto) -> tuple[onnx.ModelProto, bool]:
    """Take entries of weight 0 away from classifiers whose weights are all positive or 0.

    Adding 0 to a sum of such weights changes no bit of it. A leaf keeps all its entries if they
    are all 0, and so does a class: onnxruntime tells the two-class case by the classes it meets.
    """
    changed = [_trim(node) for node in tree_nodes(model) if _is_plain(node)]
    return model, any(changed)


def _is_plain(node: onnx.NodeProto) -> bool:
    """Whether scores are sums of votes and no more."""
    transform = attribute(node, "post_transform")
    return (
        node.op_type == "TreeEnsembleClassifier"
        and (transform is None or transform.s == b"NONE")
        and all(attribute(node, name) is None for name in ("base_values", "base_values_as_tensor"))
    )


def _trim(node: onnx.NodeProto) -> bool:
    weights, *indices = (attribute(node, name) for name in (_WEIGHTS, *_INDICES))
    if weights is None or any(found is None for found in indices):
        return False
    columns = [np.array(found.ints, dtype=np.int64) for found in indices if found is not None]
    votes = np.array(weights.floats, dtype=np.float32)
    # A weight of minus 0 is left to itself, too.
    if any(len(column) != len(votes) for column in columns) or not _all_positive(votes):
        return False
    kept = _kept(votes, columns)
    if kept.all():
        return False
    weights.floats[:] = votes[kept].tolist()
    for name, column in zip(_INDICES, columns, strict=True):
        found = attribute(node, name)
        found.ints[:] = column[kept].tolist()  # type: ignore[union-attr]  # seen above
    return True


def _all_positive(votes: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(votes).all() and not np.signbit(votes).any())


def _kept(votes: NDArray[np.float32], columns: list[NDArray[Any]]) -> NDArray[np.bool_]:
    trees, nodes, classes = columns
    counts = votes > 0
    _, leaves = np.unique(np.stack([trees, nodes]), axis=1, return_inverse=True)
    kept: NDArray[np.bool_] = counts | ~_any_of(counts, leaves.ravel())
    return kept | ~_any_of(counts, np.unique(classes, return_inverse=True)[1].ravel())


def _any_of(flags: NDArray[np.bool_], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each entry, whether any of its group is flagged."""
    return (np.bincount(groups, weights=flags) > 0)[groups]
