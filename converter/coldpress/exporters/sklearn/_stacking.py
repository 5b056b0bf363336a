"""Stacks over the columns of a table, which skl2onnx can't give to the estimators inside.

Over a single matrix its own converters do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from skl2onnx.common._registration import get_converter
from sklearn.ensemble import StackingClassifier, StackingRegressor

from coldpress.errors import ExportError

from ._decisions import decision
from ._meta import classifier_shape
from ._nodes import Nodes, float_type, is_text

__all__ = ["CONVERTERS", "SHAPES"]

_BINARY = 2


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """The last estimator answers with the position of a class."""
    if len(operator.inputs) == 1:
        get_converter(operator.type)(scope, operator, container)
        return
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    each = zip(model.estimators_, model.stack_method_, strict=True)
    label, *scores = _final(nodes, [_said(nodes, part, method) for part, method in each])
    place = nodes("Cast", label.full_name, to=onnx.TensorProto.INT64)
    nodes.give(nodes.label(model.classes_, place))
    if scores:
        nodes.give(nodes.number(scores[0]), 1)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    if len(operator.inputs) == 1:
        get_converter(operator.type)(scope, operator, container)
        return
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    value, *_ = _final(nodes, [_said(nodes, part, "predict") for part in model.estimators_])
    nodes.give(_column(nodes, value))


def _said(nodes: Nodes, part: Any, method: str) -> str:  # noqa: ANN401 - any estimator
    """What an estimator says, as the last one is given it: of two probabilities the second."""
    if method == "decision_function":
        return decision(nodes, part)
    answer, *scores = nodes.ask(part)
    if method == "predict":
        return _column(nodes, answer)
    shares = nodes.number(scores[0])
    binary = len(nodes.operator.raw_operator.classes_) == _BINARY
    return nodes.column(shares, 1) if binary else shares


def _column(nodes: Nodes, variable: Any) -> str:  # noqa: ANN401 - skl2onnx's
    return nodes("Reshape", nodes.number(variable), np.array([-1, 1]))


def _final(nodes: Nodes, said: list[str]) -> list[Any]:
    """What the last estimator makes of what the others say."""
    model = nodes.operator.raw_operator
    if model.passthrough:
        if any(is_text(value) for value in nodes.operator.inputs):
            raise ExportError(
                f"the {type(model).__name__} passes columns of text on to its last estimator; "
                "leave passthrough off"
            )
        said = [*said, nodes.numbers()]
    last = model.final_estimator_
    return nodes.ask(last, nodes.variable(nodes.side_by_side(said), last.n_features_in_))


def _value_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    operator.outputs[0].type = float_type(operator, [None, 1])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    StackingClassifier: _convert_classifier,
    StackingRegressor: _convert_regressor,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    StackingClassifier: classifier_shape,
    StackingRegressor: _value_shape,
}
