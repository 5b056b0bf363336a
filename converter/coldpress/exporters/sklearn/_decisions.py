"""What `decision_function` gives, for the estimators whose own converters don't say it.

Meta-estimators ask the classifiers inside them for a decision first and for probabilities only
where there is none; skl2onnx gives them probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.multiclass import _ConstantPredictor
from sklearn.pipeline import Pipeline
from sklearn.svm._base import BaseSVC

from coldpress.errors import ExportError

from ._kernels import kernel_decision
from ._nodes import Nodes

__all__ = ["decision", "linear", "response"]


def response(nodes: Nodes, estimator: BaseEstimator, *inputs: Any) -> tuple[str, bool]:  # noqa: ANN401
    """What a meta-estimator is given: ``(rows, 1)`` for two classes, else ``(rows, classes)``.

    Returns:
        The value, and whether it is probabilities.
    """
    if hasattr(estimator, "decision_function"):
        return decision(nodes, estimator, *inputs), False
    _, scores = nodes.ask(estimator, *inputs)
    return _positive(nodes, estimator, nodes.number(scores)), True


def decision(nodes: Nodes, estimator: BaseEstimator, *inputs: Any) -> str:  # noqa: ANN401
    """The decision function, ``(rows, 1)`` for two classes, else ``(rows, classes)``.

    Raises:
        ExportError: There is no way to it.
    """
    given = inputs or tuple(nodes.operator.inputs)
    if isinstance(estimator, Pipeline):
        before = Pipeline(estimator.steps[:-1])
        return decision(nodes, estimator.steps[-1][1], *nodes.ask(before, *given))
    if isinstance(estimator, LinearClassifierMixin):
        return linear(nodes, estimator, *given)
    if isinstance(estimator, BaseSVC):
        return kernel_decision(nodes, estimator, *given)
    if isinstance(estimator, _ConstantPredictor):
        nothing = nodes("Mul", nodes.column(nodes.number(given[0]), 0), np.array(0.0))
        return nodes("Add", nothing, np.asarray(estimator.y_, dtype=np.float64).reshape(1, 1))
    boosted = isinstance(estimator, GradientBoostingClassifier | HistGradientBoostingClassifier)
    # LightGBM's give margins by the same option as scikit-learn's.
    if boosted or hasattr(estimator, "booster_"):
        _, scores = nodes.ask(estimator, *given, raw_scores=True)
        return _positive(nodes, estimator, nodes.number(scores))
    raise ExportError(
        f"{type(nodes.operator.raw_operator).__name__} asks for the decision function of the "
        f"{type(estimator).__name__} inside it, which Coldpress can't write; put a linear model, "
        "a support-vector machine, boosted trees or one with probabilities only there"
    )


def linear(nodes: Nodes, estimator: Any, *inputs: Any) -> str:  # noqa: ANN401 - any linear model
    """The decision of a linear model."""
    rows = nodes.side_by_side([nodes.number(variable) for variable in inputs])
    weights, offset = np.atleast_2d(estimator.coef_).T, np.reshape(estimator.intercept_, (1, -1))
    return nodes("Add", nodes("MatMul", rows, weights), offset)


def _positive(nodes: Nodes, estimator: Any, scores: str) -> str:  # noqa: ANN401 - any classifier
    if len(estimator.classes_) > 2:  # noqa: PLR2004 - two classes have one decision
        return scores
    return nodes("Gather", scores, np.array([-1]), axis=1)
