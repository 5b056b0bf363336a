"""Forests that answer with what is known of the leaves: their depth, or which they are.

All trees are one ensemble, whose leaves add to one target or another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest, RandomTreesEmbedding
from sklearn.ensemble._iforest import _average_path_length

from coldpress.exporters.boosting._trees import rounded_down

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]

_FLOAT32_BITS = 24
_LEAF = -1


def _convert_isolation(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """How soon a row is alone: the depth of its leaves in all trees, and what it says."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    wide = nodes.widened()
    parts = wide("Cast", _summed(nodes, model, _depths(model)), to=onnx.TensorProto.DOUBLE)
    depth = wide("ReduceSum", parts, np.array([1]), keepdims=1)
    longest = len(model.estimators_) * float(_average_path_length([model._max_samples])[0])
    if longest:
        share = wide("Div", depth, np.array(longest))
    else:  # trees of a single row
        share = wide("Add", wide("Mul", depth, np.array(0.0)), np.array(1.0))
    scores = wide("Neg", wide("Pow", np.array(2.0), wide("Neg", share)))
    decision = wide("Sub", scores, np.array(float(model.offset_)))
    outside = wide("Less", decision, np.array(0.0))
    nodes.give(nodes("Where", outside, np.array(-1), np.array(1)))
    wide.give_numbers(decision, 1)


def _depths(model: IsolationForest) -> list[NDArray[Any]]:
    """For each tree the depth of its nodes, ``(nodes, 2)``, in two parts.

    The first are multiples of a power of 2, whose sums float32 holds exactly, the second the rest:
    so both together add up as in float64, and are compared with an offset that is one of the sums.
    """
    depths = [
        paths + averages - 1.0
        for paths, averages in zip(
            model._decision_path_lengths, model._average_path_length_per_tree, strict=True
        )
    ]
    most = sum(float(depth.max()) for depth in depths)
    unit = 2.0 ** (np.ceil(np.log2(max(most, 1.0))) - _FLOAT32_BITS + 1)
    coarse = [np.round(depth / unit) * unit for depth in depths]
    return [np.c_[part, depth - part] for part, depth in zip(coarse, depths, strict=True)]


def _convert_embedding(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """A 1 for the leaf of each tree."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    known = model.one_hot_encoder_.categories_
    width, start, weights = sum(map(len, known)), 0, []
    for part, leaves in zip(model.estimators_, known, strict=True):
        table = np.zeros((part.tree_.node_count, width))
        table[np.asarray(leaves, dtype=int), start + np.arange(len(leaves))] = 1.0
        weights.append(table)
        start += len(leaves)
    nodes.give_numbers(_summed(nodes, model, weights))


def _summed(nodes: Nodes, model: Any, weights: list[NDArray[Any]]) -> str:  # noqa: ANN401 - a forest
    """What the leaves of each row add up to, ``(rows, targets)`` of float32.

    Args:
        nodes: Where it is calculated.
        model: The forest.
        weights: For each tree what its nodes add to each target, ``(nodes, targets)``.
    """
    every = np.arange(model.n_features_in_)
    chosen = getattr(model, "estimators_features_", [every] * len(model.estimators_))
    columns: dict[str, list[Any]] = {}
    for number, (part, features) in enumerate(zip(model.estimators_, chosen, strict=True)):
        for name, values in _tree(number, part.tree_, features, weights[number]).items():
            columns.setdefault(name, []).extend(values)
    rows = nodes("Cast", nodes.numbers(), to=onnx.TensorProto.FLOAT)
    return nodes("TreeEnsembleRegressor", rows, ml=True, n_targets=weights[0].shape[1], **columns)


def _tree(
    number: int,
    tree: Any,  # noqa: ANN401 - scikit-learn's own
    features: NDArray[Any],
    weights: NDArray[Any],
) -> dict[str, list[Any]]:
    """ONNX's attributes of a tree."""
    leaf = tree.children_left == _LEAF
    places, targets = np.nonzero(weights * leaf[:, np.newaxis])
    return {
        "nodes_treeids": [number] * tree.node_count,
        "nodes_nodeids": list(range(tree.node_count)),
        "nodes_featureids": features[np.where(leaf, 0, tree.feature)].tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, 0.0, rounded_down(tree.threshold)).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, tree.children_left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, tree.children_right).tolist(),
        "nodes_missing_value_tracks_true": (tree.missing_go_to_left * ~leaf).tolist(),
        "target_treeids": [number] * len(places),
        "target_nodeids": places.tolist(),
        "target_ids": targets.tolist(),
        "target_weights": weights[places, targets].tolist(),
    }


def _isolation_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    operator.infer_types()
    operator.outputs[1].type = float_type(operator, [None, 1])


def _embedding_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = sum(map(len, operator.raw_operator.one_hot_encoder_.categories_))
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    IsolationForest: _convert_isolation,
    RandomTreesEmbedding: _convert_embedding,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    IsolationForest: _isolation_shape,
    RandomTreesEmbedding: _embedding_shape,
}
