"""Neighbours that count by their distance or by another metric, and those within a radius.

The nearest by the Euclidean distance are found among all by products of matrices; their distances
are then taken again from differences, so that a row that training saw is at distance 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx.common._registration import get_converter
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

from ._distances import distances, has_distances, inverse_distances
from ._nodes import Nodes, float_type, label_type

__all__ = ["CONVERTERS", "SHAPES", "smallest"]


def _convert_nearest(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    model = operator.raw_operator
    if not _is_ours(model):
        get_converter(operator.type)(scope, operator, container)
        return
    nodes = Nodes(scope, operator, container).widened()
    euclidean = model.effective_metric_ == "euclidean"
    nearest, apart = (_nearest if euclidean else _nearest_of_all)(nodes, model)
    if model.weights == "distance":
        weights = inverse_distances(nodes, apart)
    else:
        weights = nodes("Cast", nodes("GreaterOrEqual", apart, np.array(0.0)), to=nodes.float_type)

    def mean(values: NDArray[Any]) -> str:
        gathered = nodes("Gather", values.astype(np.float64), nearest, axis=0)
        weighted = nodes("Mul", gathered, nodes("Unsqueeze", weights, np.array([2])))
        total = nodes("ReduceSum", weights, np.array([1]), keepdims=1)
        return nodes("Div", nodes("ReduceSum", weighted, np.array([1]), keepdims=0), total)

    _give(nodes, model, mean)


def _nearest(nodes: Nodes, model: Any) -> tuple[str, str]:  # noqa: ANN401 - one of the two
    """Positions of the nearest rows, ``(rows, neighbours)``, and their Euclidean distances."""
    known, rows = np.asarray(model._fit_X, dtype=np.float64), nodes.numbers()
    cross = nodes("MatMul", rows, -2 * known.T)
    # A row's own length is the same for all and changes no order.
    order = nodes("Add", cross, (known**2).sum(axis=1).reshape(1, -1))
    _, nearest = smallest(nodes, order, model.n_neighbors)
    apart = nodes(
        "Sub", nodes("Unsqueeze", rows, np.array([1])), nodes("Gather", known, nearest, axis=0)
    )
    return nearest, nodes("ReduceL2", apart, np.array([2]), keepdims=0)


def _nearest_of_all(nodes: Nodes, model: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
    """The same by any metric."""
    apart = distances(nodes, model, nodes.numbers())
    values, nearest = smallest(nodes, apart, model.n_neighbors)
    return nearest, values


def smallest(nodes: Nodes, values: str, count: int) -> tuple[str, str]:
    """The smallest values of each row, and their positions, ``(rows, count)`` each."""
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
    return str(names[0]), str(names[1])


def _convert_within(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """All rows of training within a radius; their distances are imprecise in skl2onnx's."""
    model = operator.raw_operator
    if not _is_ours(model):
        get_converter(operator.type)(scope, operator, container)
        return
    nodes = Nodes(scope, operator, container).widened()
    apart = distances(nodes, model, nodes.numbers())
    near = nodes("LessOrEqual", apart, np.array(float(model.radius)))
    weights = nodes("Cast", near, to=nodes.float_type)
    if model.weights == "distance":
        weights = inverse_distances(nodes, apart, near)
    total = nodes("ReduceSum", weights, np.array([1]), keepdims=1)
    if isinstance(model, RadiusNeighborsClassifier):
        total = nodes("Where", nodes("Equal", total, np.array(0.0)), np.array(1.0), total)

    def mean(values: NDArray[Any]) -> str:
        return nodes("Div", nodes("MatMul", weights, values.astype(np.float64)), total)

    _give(nodes, model, mean)


def _give(nodes: Nodes, model: Any, mean: Callable[[NDArray[Any]], str]) -> None:  # noqa: ANN401
    """The outputs, from what gives the mean of a value of the neighbours, ``(rows, values)``."""
    targets = np.asarray(model._y)
    targets = targets.reshape(len(targets), -1)
    if not hasattr(model, "classes_"):
        nodes.give_numbers(mean(targets))
        return
    every = zip(_classes(model), targets.T, strict=True)
    shares = [mean(np.eye(len(classes))[of]) for classes, of in every]
    shares = [_of_outliers(nodes, model, index, share) for index, share in enumerate(shares)]
    labels = [_labels(nodes, model, index, share) for index, share in enumerate(shares)]
    if len(labels) > 1:
        labels = [nodes("Reshape", label, np.array([-1, 1])) for label in labels]
    nodes.give(nodes.side_by_side(labels))
    nodes.give_numbers(nodes.side_by_side(shares), 1)


def _of_outliers(nodes: Nodes, model: Any, index: int, shares: str) -> str:  # noqa: ANN401
    """A row without neighbours is surely of the class that was named for it."""
    label, classes = _outlier_label(model, index), _classes(model)[index]
    if label is None or label not in classes:
        return shares
    return nodes("Where", _none(nodes, shares), (classes == label).reshape(1, -1) * 1.0, shares)


def _labels(nodes: Nodes, model: Any, index: int, shares: str) -> str:  # noqa: ANN401
    """The likeliest class, or the label of rows without neighbours where that is no class."""
    label, classes = _outlier_label(model, index), _classes(model)[index]
    found = nodes("ArgMax", shares, axis=1, keepdims=0)
    if label is None or label in classes:
        return nodes.label(classes, found)
    alone = nodes("Reshape", _none(nodes, shares), np.array([-1]))
    place = nodes("Where", alone, np.array(len(classes)), found)
    return nodes.label(np.append(classes, label), place)


def _outlier_label(model: Any, index: int) -> Any:  # noqa: ANN401 - a label, or None
    labels = getattr(model, "outlier_label_", None)
    return None if labels is None else labels[index]


def _none(nodes: Nodes, shares: str) -> str:
    """Which rows have no neighbours, ``(rows, 1)``."""
    return nodes("Equal", nodes("ReduceSum", shares, np.array([1]), keepdims=1), np.array(0.0))


def _classes(model: Any) -> list[NDArray[Any]]:  # noqa: ANN401 - a classifier
    return list(model.classes_) if model.outputs_2d_ else [model.classes_]


def _is_ours(model: Any) -> bool:  # noqa: ANN401 - one of the four
    if model.weights not in ("uniform", "distance") or not has_distances(model):
        return False
    plain = model.weights == "uniform" and model.effective_metric_ == "euclidean"
    return not plain or isinstance(model, RadiusNeighborsClassifier | RadiusNeighborsRegressor)


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    if not _is_ours(model):
        operator.infer_types()
    elif not hasattr(model, "classes_"):
        targets = np.asarray(model._y)
        width = targets.reshape(len(targets), -1).shape[1]
        operator.outputs[0].type = float_type(operator, [None, width])
    else:
        classes = _classes(model)
        shape: list[int | None] = [None] if len(classes) == 1 else [None, len(classes)]
        operator.outputs[0].type = label_type(classes[0], shape)
        operator.outputs[1].type = float_type(operator, [None, sum(map(len, classes))])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    KNeighborsClassifier: _convert_nearest,
    KNeighborsRegressor: _convert_nearest,
    RadiusNeighborsClassifier: _convert_within,
    RadiusNeighborsRegressor: _convert_within,
}
SHAPES: Mapping[type, Callable[[Any], None]] = dict.fromkeys(CONVERTERS, _shape)
