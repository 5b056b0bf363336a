"""Boosters inside scikit-learn's estimators, as skl2onnx asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.helpers.integration import add_onnx_graph

from coldpress.exporters._plugins import has_converter
from coldpress.load.parts import models_inside

from ._families import is_booster, is_trained, read
from ._graph import graph_of

__all__ = ["register_boosters"]

_ONNX_TYPES = {
    DoubleTensorType: TensorProto.DOUBLE,
    FloatTensorType: TensorProto.FLOAT,
    Int64TensorType: TensorProto.INT64,
}


def register_boosters(model: object) -> None:
    """Tell skl2onnx how to convert the boosters inside a model but those that a plugin converts.

    Raises:
        ExportError: One of them is of a kind that is not exported.
    """
    for booster in _boosters(model):
        if has_converter(type(booster)):
            continue
        # What scikit-learn prefers to probabilities, skl2onnx asks for by an option.
        decides = hasattr(booster, "decision_function")
        update_registered_converter(
            type(booster),
            "ColdpressDecidingBooster" if decides else "ColdpressBooster",
            _declare,
            _convert,
            parser=_parse,
            options={"raw_scores": [True, False]} if decides else None,
        )


def _boosters(model: object) -> Iterator[object]:
    """Those that were trained; an estimator's parameters are models, too, before it clones them."""
    for part in models_inside(model, mappings=True):
        if is_booster(part) and is_trained(part):
            yield part


def _parse(scope: Any, model: Any, inputs: Any, custom_parsers: object = None) -> Any:  # noqa: ANN401, ARG001 - untyped package, called with all
    """The outputs of a booster; skl2onnx would give CatBoost's classifiers one only."""
    operator = scope.declare_local_operator(sklearn_operator_name_map[type(model)], model)
    operator.inputs = inputs
    for name in read(model).outputs:
        operator.outputs.append(scope.declare_local_variable(name, FloatTensorType()))
    return operator.outputs


def _declare(operator: Any) -> None:  # noqa: ANN401 - untyped package
    """The types and shapes of a booster's outputs."""
    boosted = read(operator.raw_operator)
    scores, rows = _float_type(operator), operator.inputs[0].type.shape[0]
    if not boosted.labels:
        operator.outputs[0].type = scores([rows, len(boosted.forest.base)])
        return
    text = isinstance(boosted.labels[0], str)
    operator.outputs[0].type = (StringTensorType if text else Int64TensorType)([rows])
    operator.outputs[1].type = scores([rows, len(boosted.labels)])


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - as above
    boosted = read(operator.raw_operator)
    scores = _ONNX_TYPES[_float_type(operator)]
    decides = container.has_options(operator.raw_operator, "raw_scores") and container.get_options(
        operator.raw_operator, {"raw_scores": False}
    )
    graph = graph_of(
        boosted,
        given=_ONNX_TYPES[type(operator.inputs[0].type)],
        wide=scores == TensorProto.DOUBLE and not boosted.single,
        scores=scores,
        raw=bool(decides and decides["raw_scores"]),
    )
    add_onnx_graph(scope, operator, container, graph)


def _float_type(operator: Any) -> Any:  # noqa: ANN401 - as above
    """Scores have the type of the input, as in all of skl2onnx."""
    wide = isinstance(operator.inputs[0].type, DoubleTensorType)
    return DoubleTensorType if wide else FloatTensorType
