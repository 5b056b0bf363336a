"""Estimators around others, where skl2onnx has no converter or asks for the wrong thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx.common._registration import get_converter
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm._base import BaseSVC

from ._decisions import decision, response
from ._kernels import one_of_pairs
from ._nodes import Nodes, float_type, label_type

__all__ = ["CONVERTERS", "SHAPES", "classifier_shape"]

_BINARY = 2


def _convert_threshold(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """A binary classifier whose label changes at another score than usual."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    estimator = getattr(model, "estimator_", model.estimator)
    threshold, positive, by_decision = _threshold_of(model, estimator)
    if hasattr(estimator, "predict_proba"):
        scores = nodes.number(nodes.ask(estimator)[1])
        judged = decision(nodes, estimator) if by_decision else nodes.column(scores, 1)
    else:
        judged = decision(nodes, estimator)
        scores = nodes("Concat", nodes("Neg", judged), judged, axis=1)
    if positive == 0:
        judged = nodes("Neg", judged) if by_decision else nodes("Sub", np.array(1.0), judged)
    beyond = nodes("GreaterOrEqual", nodes("Reshape", judged, np.array([-1])), np.array(threshold))
    order = np.array([1 - positive, positive])
    place = nodes("Gather", order, nodes("Cast", beyond, to=onnx.TensorProto.INT64), axis=0)
    nodes.give(nodes.label(model.classes_, place))
    nodes.give(scores, 1)


def _threshold_of(model: Any, estimator: Any) -> tuple[float, int, bool]:  # noqa: ANN401
    """The threshold, the positive class's position, and whether decisions are judged."""
    wanted = model._get_response_method()
    methods = [wanted] if isinstance(wanted, str) else wanted
    by_decision = next(m for m in methods if hasattr(estimator, m)) == "decision_function"
    if hasattr(model, "best_threshold_"):
        threshold, label = model.best_threshold_, model._curve_scorer._get_pos_label()
    else:
        threshold, label = model.threshold, model.pos_label
    if isinstance(threshold, str):
        threshold = 0.0 if by_decision else 0.5
    positive = 1 if label is None else list(model.classes_).index(label)
    return float(threshold), positive, by_decision


def _convert_calibrated(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """The mean of calibrated classifiers, each asked for its decision where it has one."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    each = [_calibrated(nodes, part) for part in model.calibrated_classifiers_]
    mean = nodes("Mul", nodes("Sum", *each), np.array(1 / len(each)))
    nodes.give(nodes.winner(model.classes_, mean))
    nodes.give(mean, 1)


def _calibrated(nodes: Nodes, part: Any) -> str:  # noqa: ANN401 - scikit-learn's own
    scores, certain = response(nodes, part.estimator)
    classes = len(part.classes)
    if part.method == "temperature":
        if classes == _BINARY:
            scores = nodes("Concat", nodes("Neg", scores), scores, axis=1)
        elif certain:
            scores = nodes("Log", nodes("Add", scores, np.array(1e-12)))
        return nodes("Softmax", nodes("Mul", scores, np.array(part.calibrators[0].beta_)), axis=1)
    if classes == _BINARY:
        sure = _calibrate(nodes, part.calibrators[0], scores)
        return nodes("Concat", nodes("Sub", np.array(1.0), sure), sure, axis=1)
    return _shares(nodes, part, scores)


def _shares(nodes: Nodes, part: Any, scores: str) -> str:  # noqa: ANN401 - scikit-learn's own
    places = [list(part.classes).index(label) for label in part.estimator.classes_]
    nothing = nodes("Mul", nodes.column(scores, 0), np.array(0.0))
    columns = [nothing] * len(part.classes)
    for index, (place, calibrator) in enumerate(zip(places, part.calibrators, strict=True)):
        columns[place] = _calibrate(nodes, calibrator, nodes.column(scores, index))
    table = nodes.side_by_side(columns)
    total = nodes("ReduceSum", table, np.array([1]), keepdims=1)
    none = nodes("Equal", total, np.array(0.0))
    share = nodes("Div", table, nodes("Where", none, np.array(1.0), total))
    return nodes("Where", none, np.array(1 / len(columns)), share)


def _calibrate(nodes: Nodes, calibrator: Any, score: str) -> str:  # noqa: ANN401 - one of two
    if not isinstance(calibrator, IsotonicRegression):
        line = nodes("Add", nodes("Mul", score, np.array(calibrator.a_)), np.array(calibrator.b_))
        return nodes("Sigmoid", nodes("Neg", line))
    return _interpolated(nodes, calibrator.X_thresholds_, calibrator.y_thresholds_, score)


def _interpolated(nodes: Nodes, knots: NDArray[Any], values: NDArray[Any], score: str) -> str:
    """Linear between the knots, constant beyond them, ``(rows, 1)``."""
    if len(knots) == 1:
        return nodes("Add", nodes("Mul", score, np.array(0.0)), np.asarray(values))
    ends = np.array(knots[0]), np.array(knots[-1])
    inside = nodes("Min", nodes("Max", score, ends[0]), ends[1])
    passed = nodes("GreaterOrEqual", inside, knots[1:-1].reshape(1, -1))
    counts = nodes("Cast", passed, to=onnx.TensorProto.INT64)
    segment = nodes("ReduceSum", counts, np.array([1]), keepdims=1)
    slopes = np.diff(values) / np.diff(knots)
    start = nodes("Gather", knots[:-1], segment, axis=0)
    rise = nodes("Mul", nodes("Sub", inside, start), nodes("Gather", slopes, segment, axis=0))
    return nodes("Add", nodes("Gather", values[:-1], segment, axis=0), rise)


def _convert_one_against_rest(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """Classifiers that have a decision decide by it, also those that have probabilities, too."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    sure = hasattr(model, "predict_proba")
    if (sure or model.multilabel_) and not any(map(_is_machine, model.estimators_)):
        get_converter(operator.type)(scope, operator, container)
        return
    scores = nodes.side_by_side([decision(nodes, part) for part in model.estimators_])
    if model.multilabel_:
        chosen = nodes("Greater", scores, np.array(0.0))
        nodes.give(nodes("Cast", chosen, to=onnx.TensorProto.INT64))
    else:
        if len(model.estimators_) == 1:
            scores = nodes("Concat", nodes("Neg", scores), scores, axis=1)
        nodes.give(nodes.winner(model.classes_, scores))
    nodes.give(_probabilities(nodes, model) if sure else scores, 1)


def _is_machine(part: Any) -> bool:  # noqa: ANN401 - any estimator
    """Whether it is a support-vector machine, whose probabilities say other than its decision."""
    while isinstance(part, Pipeline):
        part = part.steps[-1][1]
    return isinstance(part, BaseSVC)


def _probabilities(nodes: Nodes, model: OneVsRestClassifier) -> str:
    """Those of each classifier for its class, as shares unless a row may have several labels."""
    asked = [nodes.number(nodes.ask(part)[1]) for part in model.estimators_]
    if len(asked) == 1:
        return asked[0]
    sure = nodes.side_by_side([nodes.column(each, 1) for each in asked])
    if model.multilabel_:
        return sure
    total = nodes("ReduceSum", sure, np.array([1]), keepdims=1)
    none = nodes("Equal", total, np.array(0.0))
    return nodes("Div", sure, nodes("Where", none, np.array(1.0), total))


def _convert_one_against_one(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401
    """Votes of pairs, and the sum of their confidences for a tie."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    count = len(model.classes_)
    confidences, votes = [], []
    for part in model.estimators_:
        confidence, certain = response(nodes, part)
        confidences.append(confidence)
        wins = nodes("Greater", confidence, np.array(0.5 if certain else 0.0))
        votes.append(nodes("Cast", wins, to=nodes.float_type))
    sure, wins = nodes.side_by_side(confidences), nodes.side_by_side(votes)
    scores = one_of_pairs(nodes, sure, wins, count)
    nodes.give(nodes.winner(model.classes_, scores))
    if count == _BINARY:
        positive = nodes.column(scores, 1)
        scores = nodes("Concat", nodes("Neg", positive), positive, axis=1)
    nodes.give(scores, 1)


def _convert_codes(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """The class whose code is nearest to what the classifiers say."""
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    said = nodes.side_by_side([response(nodes, part)[0] for part in model.estimators_])
    codes = np.asarray(model.code_book_, dtype=np.float64)
    cross = nodes("MatMul", said, -2 * codes.T)
    distances = nodes("Add", cross, (codes**2).sum(axis=1).reshape(1, -1))
    nodes.give(nodes.winner(model.classes_, nodes("Neg", distances)))
    nodes.give(distances, 1)


def classifier_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    """Labels, ``(rows,)``, and a score for each class."""
    classes = operator.raw_operator.classes_
    operator.outputs[0].type = label_type(classes, [None])
    operator.outputs[1].type = float_type(operator, [None, len(classes)])


def _against_rest_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    if model.multilabel_:
        shape: list[int | None] = [None, len(model.classes_)]
        operator.outputs[0].type = label_type(model.classes_, shape)
        operator.outputs[1].type = float_type(operator, shape)
    else:
        classifier_shape(operator)


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    CalibratedClassifierCV: _convert_calibrated,
    FixedThresholdClassifier: _convert_threshold,
    OneVsOneClassifier: _convert_one_against_one,
    OneVsRestClassifier: _convert_one_against_rest,
    OutputCodeClassifier: _convert_codes,
    TunedThresholdClassifierCV: _convert_threshold,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    **dict.fromkeys(CONVERTERS, classifier_shape),
    OneVsRestClassifier: _against_rest_shape,
}
