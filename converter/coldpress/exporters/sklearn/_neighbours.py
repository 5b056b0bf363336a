"""Neighbours that count by their distance, whose weights skl2onnx gets wrong.

The nearest are found among all by products of matrices; their distances are then taken again from
differences, so that a row that training saw is at distance 0 and counts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from skl2onnx.common._registration import get_converter
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from ._nodes import Nodes

__all__ = ["CONVERTERS"]


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    targets = np.asarray(model._y)
    several = isinstance(model, KNeighborsClassifier) and targets.ndim > 1
    if model.weights != "distance" or model.effective_metric_ != "euclidean" or several:
        get_converter(operator.type)(scope, operator, container)
        return
    nearest, weights = _nearest(nodes, model)
    if isinstance(model, KNeighborsRegressor):
        nodes.give(_mean(nodes, targets.reshape(len(targets), -1), nearest, weights))
        return
    shares = _mean(nodes, np.eye(len(model.classes_))[targets], nearest, weights)
    nodes.give(nodes.winner(model.classes_, shares))
    nodes.give(shares, 1)


def _nearest(nodes: Nodes, model: Any) -> tuple[str, str]:  # noqa: ANN401 - one of the two
    """Positions of the nearest rows, ``(rows, neighbours)``, and their weights."""
    known, rows = np.asarray(model._fit_X, dtype=np.float64), nodes.numbers()
    cross = nodes("MatMul", rows, -2 * known.T)
    # A row's own length is the same for all and changes no order.
    order = nodes("Add", cross, (known**2).sum(axis=1).reshape(1, -1))
    nearest = _smallest(nodes, order, model.n_neighbors)
    apart = nodes(
        "Sub", nodes("Unsqueeze", rows, np.array([1])), nodes("Gather", known, nearest, axis=0)
    )
    distance = nodes("Sqrt", nodes("ReduceSumSquare", apart, np.array([2]), keepdims=0))
    zero = nodes("Equal", distance, np.array(0.0))
    alone = nodes("Cast", zero, to=nodes.float_type)
    any_alone = nodes("Greater", nodes("ReduceSum", alone, np.array([1]), keepdims=1),
                      np.array(0.0))  # fmt: skip
    inverse = nodes("Reciprocal", nodes("Where", zero, np.array(1.0), distance))
    return nearest, nodes("Where", any_alone, alone, inverse)


def _smallest(nodes: Nodes, values: str, count: int) -> str:
    names = [nodes.scope.get_unique_variable_name(name) for name in ("smallest", "nearest")]
    how_many = nodes("Identity", np.array([count]))
    nodes.container.add_node(
        "TopK",
        [values, how_many],
        names,
        op_version=11,
        name=nodes.scope.get_unique_operator_name("TopK"),
        axis=1,
        largest=0,
    )
    return str(names[1])


def _mean(nodes: Nodes, targets: Any, nearest: str, weights: str) -> str:  # noqa: ANN401 - an array
    values = nodes("Gather", targets.astype(np.float64), nearest, axis=0)
    weighted = nodes("Mul", values, nodes("Unsqueeze", weights, np.array([2])))
    total = nodes("ReduceSum", weights, np.array([1]), keepdims=1)
    return nodes("Div", nodes("ReduceSum", weighted, np.array([1]), keepdims=0), total)


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    KNeighborsClassifier: _convert,
    KNeighborsRegressor: _convert,
}
