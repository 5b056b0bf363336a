"""The nodes of tree ensembles in an ONNX graph, of every version of the operators, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

__all__ = ["EQUAL", "Ensemble", "ensembles", "holds"]

# Numbers of the modes in the operator TreeEnsemble; a leaf has none.
_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
_COMPARE = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal, np.not_equal)
EQUAL = frozenset({4, 5})
_LEAF = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """The nodes of one operator, ``(nodes,)`` each.

    Attributes:
        tensor: Name of what it takes, ``(rows, features)``.
        feature: Which feature a node looks at.
        threshold: What it compares it with.
        mode: How; -1 for a leaf.
        parent: Index of the node above; -1 for a root.
        side: Whether the way down from there is the one where the comparison holds.
    """

    tensor: str
    feature: np.ndarray
    threshold: np.ndarray
    mode: np.ndarray
    parent: np.ndarray
    side: np.ndarray


def holds(values: Any, threshold: Any, mode: int) -> np.ndarray:  # noqa: ANN401 - arrays or numbers
    """Whether a node's comparison holds."""
    return np.asarray(_COMPARE[mode](values, threshold))


def ensembles(model: onnx.ModelProto) -> Iterator[Ensemble]:
    """Every tree ensemble of the graph itself, in the order of its nodes."""
    for node in model.graph.node:
        if node.op_type in {"TreeEnsembleClassifier", "TreeEnsembleRegressor"}:
            yield _by_number(node)
        elif node.op_type == "TreeEnsemble":
            yield _by_index(node)


def _by_number(node: onnx.NodeProto) -> Ensemble:
    """Nodes that name their children by number within the tree, as up to version 3."""
    given = _attributes(node)
    trees, numbers = given["nodes_treeids"], given["nodes_nodeids"]
    most = int(numbers.max(initial=0)) + 1
    order = np.argsort(trees * most + numbers, kind="stable")
    keys = (trees * most + numbers)[order]
    names = [name.decode() for name in given["nodes_modes"]]
    mode = np.array([_MODES.index(n) if n in _MODES else _LEAF for n in names], dtype=np.int64)
    children = []
    for side in ("nodes_truenodeids", "nodes_falsenodeids"):
        found = np.searchsorted(keys, trees * most + given[side])
        children.append(np.where(mode >= 0, order[np.minimum(found, len(order) - 1)], -1))
    kind = "nodes_values" if "nodes_values" in given else "nodes_values_as_tensor"
    return _ensemble(node, given["nodes_featureids"], given[kind], mode, children)


def _by_index(node: onnx.NodeProto) -> Ensemble:
    """Nodes that name their children by index, those of leaves apart, as from version 5."""
    given = _attributes(node)
    # Sets of members have no threshold.
    modes = given["nodes_modes"].astype(np.int64)
    mode = np.where(modes < len(_MODES), modes, _LEAF)
    children = [
        np.where(given[f"nodes_{side}leafs"] == 0, given[f"nodes_{side}nodeids"], -1)
        for side in ("true", "false")
    ]
    return _ensemble(node, given["nodes_featureids"], given["nodes_splits"], mode, children)


def _ensemble(
    node: onnx.NodeProto,
    feature: np.ndarray,
    threshold: np.ndarray,
    mode: np.ndarray,
    children: list[np.ndarray],
) -> Ensemble:
    parent = np.full(len(mode), -1)
    side = np.zeros(len(mode), dtype=np.bool_)
    for held, below in zip((True, False), children, strict=True):
        above = np.flatnonzero(below >= 0)
        parent[below[above]], side[below[above]] = above, held
    return Ensemble(
        tensor=node.input[0],
        feature=feature,
        threshold=threshold.astype(np.float64),
        mode=mode,
        parent=parent,
        side=side,
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, onnx.TensorProto):
            found[attribute.name] = onnx.numpy_helper.to_array(value)
        elif attribute.name == "nodes_modes":
            found[attribute.name] = value
        elif attribute.name.startswith("nodes_"):
            found[attribute.name] = np.array(value)
    return found
