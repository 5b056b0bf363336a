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
from skl2onnx.common._apply_operation import apply_cast, apply_exp
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

# Losses of histogram boosters that predict a logarithm.
_LOG_LINKED = frozenset({"poisson", "gamma"})


def _convert_rounding(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a tree model with its input rounded to float32, and its scores cast back."""
    given, declared = operator.inputs[0], list(operator.outputs)
    missing = _Missing(container, _trees_of(operator.raw_operator))
    if not isinstance(given.type, DoubleTensorType):
        get_converter(operator.type)(scope, operator, missing)
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
        get_converter(operator.type)(scope, operator, missing)
    finally:
        operator.inputs.set_element(0, given)
        for index in wide:
            operator.outputs.set_element(index, declared[index])
    for index, narrow in wide.items():
        target = declared[index].full_name
        apply_cast(scope, narrow.full_name, target, container, to=onnx.TensorProto.DOUBLE)


def _trees_of(model: Any) -> list[Any]:  # noqa: ANN401 - any model of trees
    """The trees in the order in which skl2onnx numbers them."""
    parts = getattr(model, "estimators_", None)
    return [part.tree_ for part in (np.ravel(parts) if parts is not None else [model])]


class _Missing:
    """A container that tells each node of a tree where missing values go, as training found.

    skl2onnx leaves it out, and every missing value goes to the right.
    """

    def __init__(self, container: Any, trees: list[Any]) -> None:  # noqa: ANN401 - untyped package
        self._container = container
        self._trees = trees
        self._asked = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the container's own
        return getattr(self._container, name)

    def add_node(self, *args: Any, **attributes: Any) -> None:  # noqa: ANN401 - passed on
        if "nodes_missing_value_tracks_true" in attributes:
            trees = self._trees
            if len(set(attributes["nodes_treeids"])) < len(trees):
                # A forest of several targets becomes a node for each tree, in their order.
                trees = trees[self._asked :]
                self._asked += 1
            places = zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True)
            attributes["nodes_missing_value_tracks_true"] = [
                int(trees[tree].missing_go_to_left[node]) for tree, node in places
            ]
        self._container.add_node(*args, **attributes)


def _float_variable(scope: Any, variable: Any) -> Any:  # noqa: ANN401 - untyped package
    kind = FloatTensorType(variable.type.shape)
    return scope.declare_local_variable(f"{variable.raw_name}_float32", kind)


def _convert_histogram(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    """Convert a histogram booster, whose missing-value flags are booleans that onnx refuses.

    skl2onnx leaves the link of a Poisson or gamma loss out: it is put back.
    """
    if getattr(operator.raw_operator, "loss", "") not in _LOG_LINKED:
        get_converter(operator.type)(scope, operator, _Whole(container))
        return
    declared = operator.outputs[0]
    raw = scope.declare_local_variable("raw_prediction", declared.type)
    operator.outputs.set_element(0, raw)
    try:
        get_converter(operator.type)(scope, operator, _Whole(container))
    finally:
        operator.outputs.set_element(0, declared)
    apply_exp(scope, raw.full_name, declared.full_name, container)


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
