"""Converters of single estimators that skl2onnx gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.preprocessing import Normalizer

from ._decisions import linear
from ._meta import classifier_shape
from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]

_BINARY = 2


def _convert_linear_discriminant(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """Two classes have one decision and its sigmoid, not a softmax of two."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    if len(operator.outputs) == 1:
        _project(nodes, model)
        return
    scores = linear(nodes, model, *operator.inputs)
    if len(model.classes_) == _BINARY:
        sure = nodes("Sigmoid", scores)
        shares = nodes("Concat", nodes("Sigmoid", nodes("Neg", scores)), sure, axis=1)
    else:
        shares = nodes("Softmax", scores, axis=1)
    nodes.give(nodes.winner(model.classes_, shares))
    nodes.give(shares, 1)


def _project(nodes: Nodes, model: LinearDiscriminantAnalysis) -> None:
    width = model._max_components
    rows = nodes.numbers()
    if model.solver == "svd":
        rows = nodes("Sub", rows, np.reshape(model.xbar_, (1, -1)))
    nodes.give(nodes("MatMul", rows, model.scalings_[:, :width]))


def _convert_quadratic_discriminant(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    rows, parts = nodes.numbers(), []
    each = zip(model.means_, model.rotations_, model.scalings_, model.priors_, strict=True)
    for mean, rotation, scaling, prior in each:
        centred = nodes("Sub", rows, mean.reshape(1, -1))
        turned = nodes("MatMul", centred, rotation * scaling**-0.5)
        distance = nodes("ReduceSumSquare", turned, np.array([1]), keepdims=1)
        constant = np.log(prior) - 0.5 * np.log(scaling).sum()
        parts.append(nodes("Add", nodes("Mul", distance, np.array(-0.5)), np.array(constant)))
    shares = nodes("Softmax", nodes.side_by_side(parts), axis=1)
    nodes.give(nodes.winner(model.classes_, shares))
    nodes.give(shares, 1)


def _convert_normaliser(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """The largest of the absolute values, where skl2onnx takes the largest value."""
    norm, nodes = operator.raw_operator.norm, Nodes(scope, operator, container)
    rows = nodes.numbers()
    kind = {"l1": "ReduceL1", "l2": "ReduceL2", "max": "ReduceMax"}[norm]
    sizes = nodes("Abs", rows) if norm == "max" else rows
    size = nodes(kind, sizes, np.array([1]), keepdims=1)
    nothing = nodes("Equal", size, np.array(0.0))
    nodes.give(nodes("Div", rows, nodes("Where", nothing, np.array(1.0), size)))


def _same_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = operator.raw_operator.n_features_in_
    operator.outputs[0].type = float_type(operator, [None, width])


def _discriminant_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    if len(operator.outputs) == 1:
        width = operator.raw_operator._max_components
        operator.outputs[0].type = float_type(operator, [None, width])
    else:
        classifier_shape(operator)


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    LinearDiscriminantAnalysis: _convert_linear_discriminant,
    Normalizer: _convert_normaliser,
    QuadraticDiscriminantAnalysis: _convert_quadratic_discriminant,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    LinearDiscriminantAnalysis: _discriminant_shape,
    Normalizer: _same_shape,
    QuadraticDiscriminantAnalysis: classifier_shape,
}
