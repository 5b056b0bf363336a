"""Estimators of several targets, and of targets that were transformed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx._supported_operators import _get_sklearn_operator_name
from sklearn.compose import TransformedTargetRegressor
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from ._decisions import decision
from ._functions import applied, is_known
from ._nodes import Nodes, float_type, label_type

__all__ = ["CONVERTERS", "PARSERS", "SHAPES", "check_target"]


def _convert_outputs(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Labels as a matrix; the probabilities of all targets side by side."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    labels: list[str] = []
    scores: list[str] = []
    for part in model.estimators_:
        label, *given = nodes.ask(part)
        labels.append(nodes("Reshape", label.full_name, np.array([-1, 1])))
        scores.extend(nodes.number(score) for score in given[:1])
    nodes.give(nodes.side_by_side(labels))
    if len(operator.outputs) > 1:
        nodes.give(nodes.side_by_side(scores), 1)


def _outputs_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    classes = operator.raw_operator.classes_
    operator.outputs[0].type = label_type(classes[0], [None, len(classes)])
    if len(operator.outputs) > 1:
        operator.outputs[1].type = float_type(operator, [None, sum(map(len, classes))])


def _parse_outputs(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ANN401, ARG001
    operator = scope.declare_local_operator(_get_sklearn_operator_name(type(model)), model)
    operator.inputs = inputs
    classes = getattr(model, "classes_", None)
    kind = label_type(classes[0] if classes else [0], [None, None])
    operator.outputs.append(scope.declare_local_variable("label", kind))
    if hasattr(model, "predict_proba"):
        kind = float_type(operator, [None, None])
        operator.outputs.append(scope.declare_local_variable("probabilities", kind))
    return operator.outputs


def _convert_chain(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Each estimator is given the rows and what those before it said."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    rows, width = nodes.numbers(), model.n_features_in_
    labels: list[str] = []
    scores: list[str] = []
    said: list[str] = []
    for index, part in enumerate(model.estimators_):
        seen = nodes.variable(nodes.side_by_side([rows, *said]), width + index)
        label, *given = nodes.ask(part, seen)
        labels.append(nodes("Reshape", nodes.number(label), np.array([-1, 1])))
        scores.extend(nodes.column(nodes.number(score), -1) for score in given[:1])
        said.append(_told(nodes, part, seen, labels[-1], scores[-1] if scores else ""))
    order = np.argsort(model.order_)
    matrix = nodes("Gather", nodes.side_by_side(labels), order, axis=1)
    if isinstance(model, RegressorChain):
        nodes.give(matrix)
        return
    nodes.give(nodes("Cast", matrix, to=onnx.TensorProto.INT64))
    if len(operator.outputs) > 1:
        nodes.give(nodes("Gather", nodes.side_by_side(scores), order, axis=1), 1)


def _told(nodes: Nodes, part: Any, seen: Any, label: str, score: str) -> str:  # noqa: ANN401
    """What the next estimators of a chain are given."""
    method = getattr(nodes.operator.raw_operator, "chain_method_", "predict")
    if method == "predict_proba":
        return score
    return decision(nodes, part, seen) if method == "decision_function" else label


def _chain_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    shape: list[int | None] = [None, len(model.estimators_)]
    if isinstance(model, RegressorChain):
        operator.outputs[0].type = float_type(operator, shape)
        return
    operator.outputs[0].type = label_type([0], shape)
    if len(operator.outputs) > 1:
        operator.outputs[1].type = float_type(operator, shape)


def _convert_target(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    predicted = nodes.number(nodes.ask(model.regressor_)[0])
    width = operator.outputs[0].type.shape[1]
    value = nodes("Reshape", predicted, np.array([-1, width]))
    transformer = model.transformer_
    line = _line(transformer)
    if line is not None:
        factor, offset = (np.reshape(part, (1, -1)) for part in line)
        nodes.give(nodes("Add", nodes("Mul", value, factor), offset))
        return
    nodes.give(applied(nodes, transformer.inverse_func, value))


def _target_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    width = getattr(model.transformer_, "n_features_in_", 1)
    operator.outputs[0].type = float_type(operator, [None, width])


def _line(transformer: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:  # noqa: ANN401 - any
    """Factor and offset of the inverse of a scaler."""
    one, zero = np.ones(1), np.zeros(1)
    kind = type(transformer)
    if kind is MinMaxScaler:
        return 1 / transformer.scale_, -transformer.min_ / transformer.scale_
    if kind is MaxAbsScaler:
        return transformer.scale_, zero
    if kind not in {StandardScaler, RobustScaler}:
        return None
    middle = transformer.mean_ if kind is StandardScaler else transformer.center_
    scale = transformer.scale_
    return one if scale is None else scale, zero if middle is None else middle


def check_target(model: TransformedTargetRegressor) -> str:
    """Why a target's transformation can't be taken back in ONNX; empty if it can."""
    transformer = model.transformer_
    if _line(transformer) is not None:
        return ""
    if not isinstance(transformer, FunctionTransformer):
        return f"takes its target back through {type(transformer).__name__}"
    function = transformer.inverse_func
    if is_known(function) and not transformer.inv_kw_args:
        return ""
    return f"takes its target back through the Python function {_named(function):.80}"


def _named(function: Any) -> str:  # noqa: ANN401 - any callable
    """What a function is called, or its class where it has no name of its own."""
    return str(
        getattr(function, "__qualname__", None)
        or getattr(function, "__name__", type(function).__name__)
    )


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    ClassifierChain: _convert_chain,
    MultiOutputClassifier: _convert_outputs,
    RegressorChain: _convert_chain,
    TransformedTargetRegressor: _convert_target,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    ClassifierChain: _chain_shape,
    MultiOutputClassifier: _outputs_shape,
    RegressorChain: _chain_shape,
    TransformedTargetRegressor: _target_shape,
}
# What a model gives where skl2onnx's own guess, a label and a matrix of scores, is wrong.
PARSERS: Mapping[type, Callable[..., Any]] = {
    MultiOutputClassifier: _parse_outputs,
    ClassifierChain: _parse_outputs,
}
