"""Boosters as steps of a pipeline, or inside an ensemble: known to skl2onnx by converters of ours.

A booster is registered when a model that holds one is there: its library is imported then, and
nobody else pays for it.
"""

from __future__ import annotations

from typing import Any

import onnx
from skl2onnx import update_registered_converter
from skl2onnx.common._apply_operation import apply_cast
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.helpers.integration import add_onnx_graph
from sklearn.base import BaseEstimator

from coldpress.exporters.boosters import booster_of

from ._inputs import is_booster, parts_of

__all__ = ["register_boosters"]

_OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False]}


def register_boosters(model: BaseEstimator) -> None:
    """Make the boosters that a model holds known to skl2onnx."""
    for part in parts_of(model):
        if not is_booster(part):
            continue
        kind = type(part)
        classifies = hasattr(part, "predict_proba")
        update_registered_converter(
            kind,
            f"Coldpress{kind.__name__}",
            _shape_of_classifier if classifies else _shape_of_regressor,
            _convert,
            overwrite=True,
            parser=_parse_classifier if classifies else None,
            options=_OPTIONS if classifies else None,
        )


def _parse_classifier(
    scope: Any,  # noqa: ANN401 - untyped package
    model: Any,  # noqa: ANN401 - as above
    inputs: Any,  # noqa: ANN401 - as above
    custom_parsers: Any = None,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - as above
    """Declare label and probabilities, which skl2onnx does for its own classifiers only."""
    del custom_parsers
    operator = scope.declare_local_operator(f"Coldpress{type(model).__name__}", model)
    operator.inputs = inputs
    for name, kind in (("label", Int64TensorType()), ("probabilities", FloatTensorType())):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _shape_of_classifier(operator: Any) -> None:  # noqa: ANN401 - untyped package
    rows = operator.inputs[0].get_first_dimension()
    classes = booster_of(operator.raw_operator).classes
    texts = isinstance(classes[0], str)
    operator.outputs[0].type = (StringTensorType if texts else Int64TensorType)([rows])
    operator.outputs[1].type = FloatTensorType([rows, len(classes)])


def _shape_of_regressor(operator: Any) -> None:  # noqa: ANN401 - untyped package
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type = FloatTensorType([rows, 1])


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    booster = booster_of(operator.raw_operator)
    given = operator.inputs[0]
    double = isinstance(given.type, DoubleTensorType) and booster.takes_double
    proto = _in_columns(booster.graph(double))
    wanted = onnx.TensorProto.DOUBLE if double else onnx.TensorProto.FLOAT
    kind = (DoubleTensorType if double else FloatTensorType)(given.type.shape)
    cast = scope.declare_local_variable(f"{given.raw_name}_of_booster", kind)
    apply_cast(scope, given.full_name, cast.full_name, container, to=wanted)
    operator.inputs.set_element(0, cast)
    try:
        add_onnx_graph(scope, operator, container, proto)
    finally:
        operator.inputs.set_element(0, given)


def _in_columns(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with a single number of each row as a column, as skl2onnx's own regressors give."""
    if proto.graph.node[-1].op_type == "Squeeze":
        last = proto.graph.node.pop()
        proto.graph.node.append(
            onnx.helper.make_node("Identity", [last.input[0]], list(last.output), name=last.name)
        )
    return proto
