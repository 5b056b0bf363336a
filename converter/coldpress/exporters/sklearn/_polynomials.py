"""Products of features, which skl2onnx writes with a constant of another type in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import PolynomialFeatures

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    """Each product is multiplied up from its last factor, as scikit-learn does it."""
    nodes = Nodes(scope, operator, container)
    rows = nodes.numbers()
    ones = nodes("Add", nodes("Mul", nodes.column(rows, 0), np.array(0.0)), np.array(1.0))
    factors = nodes("Concat", rows, ones, axis=1)
    *first, last = _factors(operator.raw_operator.powers_).T
    product = nodes("Gather", factors, last, axis=1)
    for places in reversed(first):
        product = nodes("Mul", nodes("Gather", factors, places, axis=1), product)
    nodes.give(product)


def _factors(powers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The factors of each product, ``(products, degree)``: columns, in front of them ones."""
    count, one = len(powers), powers.shape[1]
    table = np.full((count, max(1, int(powers.sum(axis=1).max()))), one, dtype=np.int64)
    for row, exponents in zip(table, powers, strict=True):
        factors = np.repeat(np.arange(one), exponents)
        row[len(row) - len(factors) :] = factors
    return table


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = operator.raw_operator.n_output_features_
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {PolynomialFeatures: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {PolynomialFeatures: _shape}
