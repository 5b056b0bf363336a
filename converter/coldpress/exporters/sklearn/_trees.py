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
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

__all__ = ["CONVERTERS"]


def _convert_rounding(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a tree model with its input rounded to float32, and its scores cast back."""
    given, declared = operator.inputs[0], list(operator.outputs)
    if not isinstance(given.type, DoubleTensorType):
        get_converter(operator.type)(scope, operator, container)
        return
    rounded = _float_variable(scope, given)
    apply_cast(scope, given.full_name, rounded.full_name, container, to=onnx.TensorProto.FLOAT)
    wide = {
        index: _float_variable(scope, output)
        for index, output in enumerate(declared)
        if isinstance(output.type, DoubleTensorType)
    }
    operator.inputs.set_element(0, rounded)
    for index, narrow in wide.items():
        operator.outputs.set_element(index, narrow)
    try:
        get_converter(operator.type)(scope, operator, container)
    finally:
        operator.inputs.set_element(0, given)
        for index in wide:
            operator.outputs.set_element(index, declared[index])
    for index, narrow in wide.items():
        target = declared[index].full_name
        apply_cast(scope, narrow.full_name, target, container, to=onnx.TensorProto.DOUBLE)


def _float_variable(scope: Any, variable: Any) -> Any:  # noqa: ANN401 - untyped package
    kind = FloatTensorType(variable.type.shape)
    return scope.declare_local_variable(f"{variable.raw_name}_float32", kind)


def _convert_histogram(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a histogram booster, whose missing-value flags are booleans that onnx refuses."""
    get_converter(operator.type)(scope, operator, _Whole(container))


class _Whole:
    """A container that takes booleans in a node's attributes as 0 and 1."""

    def __init__(self, container: Any) -> None:  # noqa: ANN401 - untyped package
        self._container = container

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the container's own
        return getattr(self._container, name)

    def add_node(self, *args: Any, **attributes: Any) -> None:  # noqa: ANN401 - passed on
        whole = {name: _without_booleans(value) for name, value in attributes.items()}
        self._container.add_node(*args, **whole)


def _without_booleans(value: Any) -> Any:  # noqa: ANN401 - any attribute
    if isinstance(value, list) and any(isinstance(item, bool | np.bool_) for item in value):
        return [int(item) for item in value]
    return value


# For skl2onnx's `custom_conversion_functions`; estimators inside others are looked up here, too.
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    **dict.fromkeys(
        (
            DecisionTreeClassifier,
            DecisionTreeRegressor,
            ExtraTreeClassifier,
            ExtraTreeRegressor,
            ExtraTreesClassifier,
            ExtraTreesRegressor,
            GradientBoostingClassifier,
            GradientBoostingRegressor,
            RandomForestClassifier,
            RandomForestRegressor,
        ),
        _convert_rounding,
    ),
    **dict.fromkeys(
        (HistGradientBoostingClassifier, HistGradientBoostingRegressor), _convert_histogram
    ),
}
