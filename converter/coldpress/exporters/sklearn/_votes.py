"""Bagged classifiers without probabilities, whose labels are counted as votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from skl2onnx.common._registration import get_converter
from sklearn.ensemble import BaggingClassifier

from ._meta import classifier_shape
from ._nodes import Nodes

__all__ = ["CONVERTERS", "SHAPES"]

_INT64 = onnx.TensorProto.INT64


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model, nodes = operator.raw_operator, Nodes(scope, operator, container)
    if all(hasattr(part, "predict_proba") for part in model.estimators_):
        get_converter(operator.type)(scope, operator, container)
        return
    rows, places = nodes.numbers(), np.arange(len(model.classes_)).reshape(1, -1)
    votes = []
    for part, features in zip(model.estimators_, model.estimators_features_, strict=True):
        seen = nodes.variable(nodes("Gather", rows, features, axis=1), len(features))
        # Bagged classifiers are taught positions among the classes rather than these.
        label = nodes("Cast", nodes.ask(part, seen)[0].full_name, to=_INT64)
        chosen = nodes("Equal", nodes("Reshape", label, np.array([-1, 1])), places)
        votes.append(nodes("Cast", chosen, to=nodes.float_type))
    count = np.array(float(len(votes)))
    shares = nodes("Div", nodes("Sum", *votes), count)
    nodes.give(nodes.winner(model.classes_, shares))
    nodes.give(shares, 1)


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {BaggingClassifier: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {BaggingClassifier: classifier_shape}
