"""The nodes of trees as scikit-learn has them, which skl2onnx hands on with something missing.

It leaves out where a tree sends missing values, though every tree of scikit-learn has learnt that,
also from data without any, and it rounds some thresholds to float32 to the nearest, which lets a
row cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["CorrectingContainer", "Tree", "trees_of"]

_LEAF = "LEAF"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """What is put right in a tree, ``(nodes,)`` each.

    Attributes:
        thresholds: What a node compares with.
        missing_left: Whether it sends a missing value to where its comparison holds.
    """

    thresholds: np.ndarray
    missing_left: np.ndarray


def trees_of(model: BaseEstimator) -> Iterator[Tree]:
    """The trees of a model in the order in which skl2onnx converts them."""
    # Boosters have a table of trees, a row for each round.
    for part in [model, *np.ravel(getattr(model, "estimators_", ()))]:
        tree = getattr(part, "tree_", None)
        if tree is not None:
            yield Tree(thresholds=tree.threshold, missing_left=tree.missing_go_to_left)


class CorrectingContainer:
    """A container of skl2onnx that puts right the trees that go into it."""

    def __init__(self, container: Any, trees: Iterable[Tree]) -> None:  # noqa: ANN401 - untyped package
        """Wrap a container.

        Args:
            container: Skl2onnx's own.
            trees: The model's trees, in order. Their thresholds are rounded down to float32,
                which decides no float32 otherwise.
        """
        self._container = container
        self._trees = list(trees)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the container's own
        return getattr(self._container, name)

    def add_node(self, op_type: str, *args: Any, **attributes: Any) -> None:  # noqa: ANN401 - passed on
        if op_type.startswith("TreeEnsemble"):
            attributes = self._corrected(attributes)
        self._container.add_node(op_type, *args, **attributes)

    def _corrected(self, attributes: dict[str, Any]) -> dict[str, Any]:
        ids = np.asarray(attributes["nodes_treeids"])
        inner = np.array([mode != _LEAF for mode in attributes["nodes_modes"]], dtype=np.bool_)
        values = np.asarray(attributes["nodes_values"], dtype=np.float64).copy()
        missing = np.zeros(len(ids), dtype=np.int64)
        for number in np.unique(ids):
            where = np.flatnonzero(ids == number)
            tree = self._next(len(where))
            nodes = np.asarray(attributes["nodes_nodeids"])[where]
            values[where] = tree.thresholds[nodes]
            missing[where] = tree.missing_left[nodes]
        return {
            **attributes,
            "nodes_missing_value_tracks_true": (missing * inner).tolist(),
            "nodes_values": _rounded_down(np.where(inner, values, 0.0)),
        }

    def _next(self, nodes: int) -> Tree:
        """The next tree; some converters make no ensemble of a tree that is one leaf."""
        while len(self._trees[0].thresholds) != nodes:
            del self._trees[0]
        return self._trees.pop(0)


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above each value."""
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)
