"""A forest as the attributes of ONNX's tree operator, in float32 or in float64."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from ._boosted import Forest

__all__ = ["OPERATOR", "rounded_down", "trees_as_attributes"]

OPERATOR = "TreeEnsembleRegressor"


def trees_as_attributes(forest: Forest, wide: bool) -> dict[str, Any]:  # noqa: FBT001 - as named
    """The attributes of a `TreeEnsembleRegressor` of ``ai.onnx.ml`` 3.

    Args:
        forest: The trees.
        wide: Whether thresholds and leaves are float64; the input has to be that, too.
    """
    trees = forest.trees
    counts = [len(tree.modes) for tree in trees]
    values = np.concatenate([np.asarray(tree.values, np.float64) for tree in trees])
    weights = np.concatenate([np.asarray(tree.weights, np.float64) for tree in trees])
    attributes = {
        "n_targets": len(forest.base),
        "nodes_treeids": np.repeat(np.arange(len(trees)), counts).tolist(),
        "nodes_nodeids": _chained(range(count) for count in counts),
        "nodes_featureids": _chained(tree.features for tree in trees),
        "nodes_modes": _chained(tree.modes for tree in trees),
        "nodes_truenodeids": _chained(tree.yes for tree in trees),
        "nodes_falsenodeids": _chained(tree.no for tree in trees),
        "nodes_missing_value_tracks_true": _chained(tree.missing for tree in trees),
        "target_treeids": np.repeat(
            np.arange(len(trees)), [len(tree.leaves) for tree in trees]
        ).tolist(),
        "target_nodeids": _chained(tree.leaves for tree in trees),
        "target_ids": _chained(tree.targets for tree in trees),
    }
    return attributes | _numbers(values, weights, forest.base, wide=wide)


def rounded_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 that is not above each value.

    For a float32 ``x``, ``x <= t`` and ``x > t`` are the same for ``t`` and for `t` rounded down;
    rounded to the nearest, they are not (onnxmltools#708).
    """
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
        below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > values, below, nearest)


def _numbers(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    base: NDArray[np.float64],
    *,
    wide: bool,
) -> dict[str, Any]:
    named = {"nodes_values": values, "target_weights": weights, "base_values": base}
    if wide:
        return {
            f"{name}_as_tensor": numpy_helper.from_array(array.astype(np.float64), name)
            for name, array in named.items()
        }
    narrow = named | {"nodes_values": rounded_down(values)}
    return {name: array.astype(np.float32).tolist() for name, array in narrow.items()}


def _chained(parts: Iterable[Iterable[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))
