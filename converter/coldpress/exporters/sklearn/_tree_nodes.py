"""The nodes of trees as scikit-learn has them, which skl2onnx hands on with something missing.

It leaves out where a tree sends missing values, though every tree of scikit-learn has learnt that,
also from data without any; it rounds some thresholds to float32 to the nearest, which lets a row
cross; and it divides the votes of a forest before it adds them up, after which ten against ten is
no draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble._forest import ForestClassifier

from coldpress.exporters.boosting._trees import rounded_down

__all__ = ["CorrectingContainer", "Tree", "trees_of"]

_LEAF = "LEAF"
_BINARY = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """What is put right in a tree, ``(nodes,)`` each.

    Attributes:
        thresholds: What a node compares with.
        missing_left: Whether it sends a missing value to where its comparison holds.
        votes: The share of each class in a tree of a forest, ``(nodes, classes)``; of two classes
            the second's alone, ``(nodes, 1)``, as skl2onnx has it.
    """

    thresholds: np.ndarray
    missing_left: np.ndarray
    votes: np.ndarray | None = None


def trees_of(model: BaseEstimator) -> Iterator[Tree]:
    """The trees of a model in the order in which skl2onnx converts them."""
    forest = isinstance(model, ForestClassifier) and model.n_outputs_ == 1
    width = (1 if model.n_classes_ == _BINARY else model.n_classes_) if forest else 0
    # Boosters have a table of trees, a row for each round.
    for part in [model, *np.ravel(getattr(model, "estimators_", ()))]:
        tree = getattr(part, "tree_", None)
        if tree is not None:
            yield Tree(
                thresholds=tree.threshold,
                missing_left=tree.missing_go_to_left,
                votes=tree.value[:, 0, -width:] if width else None,
            )


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
        if self._trees[0].votes is not None:
            attributes = {**attributes, "class_weights": self._votes(attributes)}
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
            "nodes_values": rounded_down(np.where(inner, values, 0.0)),
        }

    def _votes(self, attributes: dict[str, Any]) -> np.ndarray:
        """Whole votes in place of their parts of the mean: zeros and ones add up exactly."""
        votes = [tree.votes for tree in self._trees]
        names = ("class_treeids", "class_nodeids", "class_ids")
        places = zip(*(attributes[name] for name in names), strict=True)
        return np.array([votes[tree][node, label] for tree, node, label in places], np.float32)

    def _next(self, nodes: int) -> Tree:
        """The next tree; some converters make no ensemble of a tree that is one leaf."""
        while len(self._trees[0].thresholds) != nodes:
            del self._trees[0]
        return self._trees.pop(0)
