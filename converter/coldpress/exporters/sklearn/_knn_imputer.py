"""Imputers that fill a gap with what the nearest rows of training have there.

skl2onnx's graph fails where a row has no neighbour with a value, and calculates in float32 only.
Which of several rows at the very same distance count is up to a sorting of numpy's that differs
between processors; here it is the first ones of the training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx.common.data_types import FloatTensorType
from sklearn.impute import KNNImputer
from sklearn.utils._missing import is_scalar_nan

from coldpress.errors import ExportError

from ._distances import inverse_distances
from ._neighbours import smallest
from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]

_NONE = np.array(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The rows to fill, as values of the graph.

    Attributes:
        rows: Their numbers, ``(rows, features)``.
        gaps: Where one is missing.
        apart: Distances to the rows of training, infinite where no feature is in both.
    """

    rows: str
    gaps: str
    apart: str


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    imputer = operator.raw_operator
    _check(imputer)
    nodes = Nodes(scope, operator, container).widened()
    rows = nodes.numbers()
    absent = is_scalar_nan(imputer.missing_values)
    gaps = nodes("IsNaN", rows) if absent else nodes(
        "Equal", rows, np.array(float(imputer.missing_values))
    )  # fmt: skip
    asked = _Asked(rows=rows, gaps=gaps, apart=_apart(nodes, imputer, rows, gaps))
    columns = [_column(nodes, imputer, asked, index) for index in _given(imputer)]
    if imputer.add_indicator:
        marks = nodes("Gather", gaps, np.asarray(imputer.indicator_.features_), axis=1)
        columns.append(nodes("Cast", marks, to=nodes.float_type))
    nodes.give_numbers(nodes.side_by_side(columns))


def _check(imputer: KNNImputer) -> None:
    if imputer.weights not in ("uniform", "distance") or imputer.metric != "nan_euclidean":
        raise ExportError(
            "KNNImputer with weights or a metric that are a Python function can't be exported; "
            "use weights='uniform' or 'distance' and metric='nan_euclidean'"
        )


def _apart(nodes: Nodes, imputer: KNNImputer, rows: str, gaps: str) -> str:
    """Distances over the features that both rows have, scaled up to all of them.

    In the order in which scikit-learn takes them: first as if gaps were 0, and then without what
    stands opposite to a gap. With rows of float32 only the first step is of float64, and what the
    others lose decides who is near.

    J. K. Dixon, Pattern recognition with partly missing data, IEEE Transactions on Systems, Man
    and Cybernetics 9 (1979).
    """
    known = np.where(imputer._mask_fit_X, 0, imputer._fit_X).T
    absent = imputer._mask_fit_X.T.astype(np.float64)
    filled = nodes("Where", gaps, _NONE, rows)
    length = nodes("ReduceSumSquare", filled, np.array([1]), keepdims=1)
    cross = nodes("MatMul", filled, -2 * known.astype(np.float64))
    lengths = (known.astype(np.float64) ** 2).sum(axis=0, keepdims=True)
    total = nodes("Max", nodes("Sum", cross, length, lengths), _NONE)
    own = _as_taken(nodes, imputer)
    total, filled = (own("Cast", value, to=own.float_type) for value in (total, filled))
    gone = own("Cast", gaps, to=own.float_type)
    total = own("Sub", total, own("MatMul", own("Mul", filled, filled), absent))
    total = own("Max", own("Sub", total, own("MatMul", gone, known**2)), _NONE)
    shared = own("MatMul", own("Sub", np.array(1.0), gone), 1 - absent)
    mean = own("Div", total, own("Max", shared, np.array(1.0)))
    scaled = own("Mul", mean, np.array(float(len(known))))
    apart = own("Where", own("Equal", shared, _NONE), np.array(np.inf), own("Sqrt", scaled))
    return nodes("Cast", apart, to=nodes.float_type)


def _as_taken(nodes: Nodes, imputer: KNNImputer) -> Nodes:
    """Of float32 where both the rows and those of training are."""
    narrow = all(isinstance(value.type, FloatTensorType) for value in nodes.operator.inputs)
    return replace(nodes, wide=not narrow or imputer._fit_X.dtype != np.float32)


def _column(nodes: Nodes, imputer: KNNImputer, asked: _Asked, index: int) -> str:
    """A feature, ``(rows, 1)``, with its gaps filled; a feature that training had not is 0."""
    column = nodes.column(asked.rows, index)
    if not imputer._valid_mask[index]:
        return nodes("Where", nodes("IsNaN", column), _NONE, nodes("Mul", column, _NONE))
    donors = np.flatnonzero(~imputer._mask_fit_X[:, index])
    values = np.asarray(imputer._fit_X[donors, index], dtype=np.float64)
    apart = nodes("Gather", asked.apart, donors, axis=1)
    nearest, places = smallest(nodes, apart, min(imputer.n_neighbors, len(donors)))
    fill = _mean(nodes, imputer, nearest, nodes("Gather", values, places, axis=0))
    alone = nodes("IsInf", nodes.column(nearest, 0))
    fill = nodes("Where", alone, np.array(values.mean()), fill)
    return nodes("Where", nodes.column(asked.gaps, index), fill, column)


def _mean(nodes: Nodes, imputer: KNNImputer, nearest: str, values: str) -> str:
    """Of the neighbours' values, ``(rows, 1)``; those at no distance at all don't count."""
    near = nodes("Not", nodes("IsInf", nearest))
    if imputer.weights == "distance":
        weights = inverse_distances(nodes, nearest, near)
    else:
        weights = nodes("Cast", near, to=nodes.float_type)
    axis = np.array([1])
    total = nodes("ReduceSum", weights, axis, keepdims=1)
    return nodes("Div", nodes("ReduceSum", nodes("Mul", values, weights), axis, keepdims=1), total)


def _given(imputer: KNNImputer) -> NDArray[np.int64]:
    """The features that it gives."""
    every = np.arange(len(imputer._valid_mask))
    return every if imputer.keep_empty_features else every[imputer._valid_mask]


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    imputer = operator.raw_operator
    marks = len(imputer.indicator_.features_) if imputer.add_indicator else 0
    operator.outputs[0].type = float_type(operator, [None, len(_given(imputer)) + marks])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {KNNImputer: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {KNNImputer: _shape}
