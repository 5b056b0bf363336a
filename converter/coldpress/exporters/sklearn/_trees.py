"""Converters of tree models that compare numbers as scikit-learn does.

scikit-learn rounds the input of a tree to float32 and only then compares it with a threshold.
skl2onnx leaves that step out: in a float64 graph a row between the two crosses the threshold. Here
the step is put back around skl2onnx's own converters, so that they also round the thresholds as is
right for float32; a cast put into the finished graph would come too late for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from skl2onnx.common._apply_operation import apply_cast
from skl2onnx.common._registration import get_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, guess_proto_type
from skl2onnx.common.utils_classifier import get_label_classes
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from ._nodes import Nodes
from ._tree_nodes import CorrectingContainer, trees_of

__all__ = ["CONVERTERS"]

_BINARY = 2


def _convert_rounding(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a tree model with its input rounded to float32, and its scores cast back."""
    given = operator.inputs[0]
    corrected = CorrectingContainer(container, trees_of(operator.raw_operator))
    if not isinstance(given.type, DoubleTensorType):
        get_converter(operator.type)(scope, operator, corrected)
        return
    rounded = _float_variable(scope, given)
    apply_cast(scope, given.full_name, rounded.full_name, container, to=onnx.TensorProto.FLOAT)
    operator.inputs.set_element(0, rounded)
    try:
        _convert_narrow(scope, operator, corrected)
    finally:
        operator.inputs.set_element(0, given)


def _convert_forest(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a forest that counts its votes first and divides them then.

    The winner is the first of those with the most votes, as scikit-learn's is; the operator's own
    label is not used.
    """
    model, declared = operator.raw_operator, list(operator.outputs)
    if model.n_outputs_ > 1:
        _convert_rounding(scope, operator, container)
        return
    label = scope.declare_local_variable("label", declared[0].type)
    votes = scope.declare_local_variable("votes", FloatTensorType([None, len(model.classes_)]))
    _set_outputs(operator, [label, votes])
    try:
        _convert_rounding(scope, operator, container)
    finally:
        _set_outputs(operator, declared)
    nodes, trees = Nodes(scope, operator, container), np.array(float(len(model.estimators_)))
    counted = nodes.number(votes)
    if len(model.classes_) == _BINARY:
        # onnxruntime takes the first class's votes for what is left of 1.
        second = nodes.column(counted, 1)
        counted = nodes("Concat", nodes("Sub", trees, second), second, axis=1)
    nodes.give(nodes.winner(get_label_classes(scope, model), counted))
    shares = nodes("Div", counted, trees)
    nodes.give(nodes("Cast", shares, to=guess_proto_type(declared[1].type)), 1)


def _set_outputs(operator: Any, outputs: list[Any]) -> None:  # noqa: ANN401 - untyped package
    for index, output in enumerate(outputs):
        operator.outputs.set_element(index, output)


def _convert_narrow(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a model with float32 outputs, each cast to the float64 that is declared."""
    declared = list(operator.outputs)
    wide = {
        index: _float_variable(scope, output)
        for index, output in enumerate(declared)
        if isinstance(output.type, DoubleTensorType)
    }
    for index, narrow in wide.items():
        operator.outputs.set_element(index, narrow)
    try:
        get_converter(operator.type)(scope, operator, container)
    finally:
        for index in wide:
            operator.outputs.set_element(index, declared[index])
    for index, narrow in wide.items():
        target = declared[index].full_name
        apply_cast(scope, narrow.full_name, target, container, to=onnx.TensorProto.DOUBLE)


def _float_variable(scope: Any, variable: Any) -> Any:  # noqa: ANN401 - untyped package
    kind = FloatTensorType(variable.type.shape)
    return scope.declare_local_variable(f"{variable.raw_name}_float32", kind)


# For skl2onnx's `custom_conversion_functions`; estimators inside others are looked up here, too.
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    **dict.fromkeys(
        (
            DecisionTreeClassifier,
            DecisionTreeRegressor,
            ExtraTreeClassifier,
            ExtraTreeRegressor,
            ExtraTreesRegressor,
            GradientBoostingClassifier,
            GradientBoostingRegressor,
            RandomForestRegressor,
        ),
        _convert_rounding,
    ),
    **dict.fromkeys((ExtraTreesClassifier, RandomForestClassifier), _convert_forest),
}
