"""Converters of single estimators that skl2onnx gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from skl2onnx.common._registration import get_converter
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import Normalizer

from ._decisions import linear
from ._meta import classifier_shape
from ._nodes import Nodes, float_type, is_wide, label_type

__all__ = ["CONVERTERS", "SHAPES"]

_BINARY = 2
_ACTIVATIONS = {"identity": "", "logistic": "Sigmoid", "relu": "Relu", "tanh": "Tanh"}
_SELECTIONS = (
    GenericUnivariateSelect,
    RFE,
    RFECV,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)


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
    nodes = Nodes(scope, operator, container)
    nodes.give(_normalised(nodes, nodes.numbers(), operator.raw_operator.norm))


def _normalised(nodes: Nodes, rows: str, norm: str) -> str:
    kind = {"l1": "ReduceL1", "l2": "ReduceL2", "max": "ReduceMax"}[norm]
    sizes = nodes("Abs", rows) if norm == "max" else rows
    size = nodes(kind, sizes, np.array([1]), keepdims=1)
    nothing = nodes("Equal", size, np.array(0.0))
    return nodes("Div", rows, nodes("Where", nothing, np.array(1.0), size))


def _convert_selection(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """skl2onnx selects nothing where the first feature alone is selected."""
    nodes = Nodes(scope, operator, container)
    kept = np.flatnonzero(operator.raw_operator.get_support())
    single = len(operator.inputs) == 1
    rows = operator.inputs[0].full_name if single else nodes.numbers()
    nodes.give(nodes("Gather", rows, kept, axis=1))


def _selected_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    shape = [None, int(operator.raw_operator.get_support().sum())]
    single = len(operator.inputs) == 1
    given = type(operator.inputs[0].type)
    operator.outputs[0].type = given(shape) if single else float_type(operator, shape)


def _convert_term_weights(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """skl2onnx adds a little to each count before the logarithm."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    counts = nodes.numbers()
    if model.sublinear_tf:
        found = nodes("Greater", counts, np.array(0.0))
        logs = nodes("Log", nodes("Where", found, counts, np.array(1.0)))
        counts = nodes("Where", found, nodes("Add", logs, np.array(1.0)), counts)
    if model.use_idf:
        counts = nodes("Mul", counts, np.reshape(model.idf_, (1, -1)))
    nodes.give(counts if model.norm is None else _normalised(nodes, counts, model.norm))


def _convert_logistic(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """skl2onnx's graph of two classes in float64 can't be opened."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    if not is_wide(operator) or not _is_plain(model, container):
        get_converter(operator.type)(scope, operator, container)
        return
    scores = linear(nodes, model, *operator.inputs)
    if len(model.classes_) == _BINARY:
        scores = nodes("Concat", nodes("Neg", scores), scores, axis=1)
        shares = nodes("Sigmoid", scores)
    else:
        shares = nodes("Softmax", scores, axis=1)
    nodes.give(nodes.winner(model.classes_, scores))
    nodes.give(shares, 1)


def _is_plain(model: Any, container: Any) -> bool:  # noqa: ANN401 - a logistic regression
    """Whether it gives the shares that it gives today by default, and no scores are asked for."""
    older = getattr(model, "multi_class", "auto") not in ("auto", "deprecated")
    one_by_one = model.solver == "liblinear" and len(model.classes_) > _BINARY
    asked = container.get_options(model, {"raw_scores": False}, fail=False)
    return not (older or one_by_one or asked.get("raw_scores"))


def _convert_several_labels(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """A linear classifier that decides about several labels, each on its own."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    if not _has_several_labels(model):
        get_converter(operator.type)(scope, operator, container)
        return
    scores = linear(nodes, model, *operator.inputs)
    chosen = nodes("Greater", scores, np.array(0.0))
    nodes.give(nodes("Cast", chosen, to=onnx.TensorProto.INT64))
    nodes.give(scores, 1)


def _convert_perceptron(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """skl2onnx gives each of several labels two shares."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    if not _has_several_labels(model):
        get_converter(operator.type)(scope, operator, container)
        return
    shares = nodes("Sigmoid", _layers(nodes, model))
    chosen = nodes("Greater", shares, np.array(0.5))
    nodes.give(nodes("Cast", chosen, to=onnx.TensorProto.INT64))
    nodes.give(shares, 1)


def _convert_regression_network(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """skl2onnx puts several targets below each other, and knows no Poisson loss."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    values = _layers(nodes, model)
    nodes.give(nodes("Exp", values) if model.out_activation_ == "exp" else values)


def _layers(nodes: Nodes, model: Any) -> str:  # noqa: ANN401 - one of the networks
    """What the last layer gives before its activation."""
    values = nodes.numbers()
    *hidden, last = zip(model.coefs_, model.intercepts_, strict=True)
    for weights, offset in hidden:
        values = nodes("Add", nodes("MatMul", values, weights), offset.reshape(1, -1))
        if kind := _ACTIVATIONS[model.activation]:
            values = nodes(kind, values)
    return nodes("Add", nodes("MatMul", values, last[0]), last[1].reshape(1, -1))


def _network_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    operator.outputs[0].type = float_type(operator, [None, operator.raw_operator.n_outputs_])


def _has_several_labels(model: Any) -> bool:  # noqa: ANN401 - one of the classifiers below
    binarizer = getattr(model, "_label_binarizer", None)
    return binarizer is not None and binarizer.y_type_.startswith("multilabel")


def _several_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    if not _has_several_labels(operator.raw_operator):
        operator.infer_types()
        return
    shape: list[int | None] = [None, len(operator.raw_operator._label_binarizer.classes_)]
    operator.outputs[0].type = label_type([0], shape)
    operator.outputs[1].type = float_type(operator, shape)


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
    LogisticRegression: _convert_logistic,
    LogisticRegressionCV: _convert_logistic,
    MLPClassifier: _convert_perceptron,
    MLPRegressor: _convert_regression_network,
    Normalizer: _convert_normaliser,
    QuadraticDiscriminantAnalysis: _convert_quadratic_discriminant,
    RidgeClassifier: _convert_several_labels,
    RidgeClassifierCV: _convert_several_labels,
    TfidfTransformer: _convert_term_weights,
    **dict.fromkeys(_SELECTIONS, _convert_selection),
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    LinearDiscriminantAnalysis: _discriminant_shape,
    LogisticRegression: classifier_shape,
    LogisticRegressionCV: classifier_shape,
    MLPClassifier: _several_shape,
    MLPRegressor: _network_shape,
    Normalizer: _same_shape,
    QuadraticDiscriminantAnalysis: classifier_shape,
    RidgeClassifier: _several_shape,
    RidgeClassifierCV: _several_shape,
    TfidfTransformer: _same_shape,
    **dict.fromkeys(_SELECTIONS, _selected_shape),
}
