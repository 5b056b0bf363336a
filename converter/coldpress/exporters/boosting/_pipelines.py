"""Boosters inside scikit-learn's estimators, as skl2onnx asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.helpers.integration import add_onnx_graph

from coldpress.errors import ExportError
from coldpress.exporters._plugins import has_converter
from coldpress.load.parts import models_inside

from ._boosted import Boosted
from ._families import is_booster, is_trained
from ._families import read as read_any
from ._graph import INPUT, graph_of

__all__ = ["convert_boosted", "register_boosters"]

# Whether zeros of its input are missing values, and whether it is asked for margins.
_OPTIONS = ("sparse", "raw_scores")
_ONNX_TYPES = {
    BooleanTensorType: TensorProto.BOOL,
    DoubleTensorType: TensorProto.DOUBLE,
    FloatTensorType: TensorProto.FLOAT,
    Int64TensorType: TensorProto.INT64,
    StringTensorType: TensorProto.STRING,
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
            options={name: [True, False] for name in _OPTIONS[: 2 if decides else 1]},
        )


def _boosters(model: object) -> Iterator[object]:
    """Those that were trained; an estimator's parameters are models, too, before it clones them."""
    for part in models_inside(model, mappings=True):
        if is_booster(part) and is_trained(part):
            yield part


def read(model: Any) -> Boosted:  # noqa: ANN401 - of three libraries
    """What a booster inside an estimator is, whose steps hand numbers on."""
    boosted = read_any(model)
    if boosted.vocabularies or boosted.lists:
        raise ExportError(
            f"the {boosted.maker} model inside was trained on columns of the pandas type category, "
            "with which it can be exported only alone; encode them as numbers before it"
        )
    return boosted


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
    if boosted.maker == "XGBoost" and _is_asked(container, operator, "sparse"):
        boosted = _without_zeros(boosted)
    wide = _float_type(operator) is DoubleTensorType and not boosted.single
    convert_boosted(scope, operator, container, boosted, wide=wide)


def convert_boosted(
    scope: Any,  # noqa: ANN401 - as above
    operator: Any,  # noqa: ANN401 - as above
    container: Any,  # noqa: ANN401 - as above
    boosted: Boosted,
    *,
    wide: bool,
) -> None:
    """Put a boosted model in the place of an operator.

    Args:
        scope: skl2onnx's names.
        operator: The operator: of one matrix, or of a column for each feature.
        container: skl2onnx's graph.
        boosted: What its estimator is.
        wide: Whether thresholds are compared, and leaves added up, in float64.
    """
    graph = graph_of(
        boosted,
        given=_given(operator, boosted),
        wide=wide,
        scores=_ONNX_TYPES[type(operator.outputs[-1].type)],
        raw=_is_asked(container, operator, "raw_scores"),
    )
    add_onnx_graph(scope, operator, container, graph)


def _is_asked(container: Any, operator: Any, option: str) -> bool:  # noqa: ANN401 - as above
    model = operator.raw_operator
    if not container.has_options(model, option):
        return False
    # None, where nothing was asked of this one.
    asked = container.get_options(model, {option: False}, fail=False)
    return bool(asked and asked[option])


def _without_zeros(boosted: Boosted) -> Boosted:
    """The model as one to which zero is a missing value, as what a sparse matrix leaves out is."""
    if boosted.missing is not None:
        raise ExportError(
            "the XGBoost model has a missing value of its own and is given a sparse matrix; let "
            "the steps before it give a dense one, such as by sparse_output=False"
        )
    return replace(boosted, missing=0.0)


def _given(operator: Any, boosted: Boosted) -> dict[str, int]:  # noqa: ANN401 - as above
    count = len(operator.inputs)
    widths = {value.type.shape[1] for value in operator.inputs}
    if count > 1 and (count != boosted.width or widths != {1}):
        raise ExportError(
            f"a {type(operator.raw_operator).__name__} after several steps; put its columns into "
            "one matrix first"
        )
    return {
        INPUT if count == 1 else f"{INPUT}_{index}": _ONNX_TYPES[type(value.type)]
        for index, value in enumerate(operator.inputs)
    }


def _float_type(operator: Any) -> Any:  # noqa: ANN401 - as above
    """Scores have the type of the input, as in all of skl2onnx."""
    wide = isinstance(operator.inputs[0].type, DoubleTensorType)
    return DoubleTensorType if wide else FloatTensorType
