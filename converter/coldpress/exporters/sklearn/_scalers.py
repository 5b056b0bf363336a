"""Scalers, step by step as scikit-learn scales, so that no row crosses a threshold behind them.

skl2onnx multiplies by a reciprocal where scikit-learn divides, and leaves a clip out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "PRECISE", "SHAPES"]

_DOUBLE = onnx.TensorProto.DOUBLE


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    """Scale in the graph's type; in float32 as scikit-learn scales rows of float32."""
    nodes = Nodes(scope, operator, container)
    rows = nodes.numbers()
    for kind, constant in _steps(operator.raw_operator):
        rows = _step(nodes, kind, rows, constant)
    nodes.give(_clipped(nodes, rows))


def _step(nodes: Nodes, kind: str, rows: str, constant: NDArray[Any]) -> str:
    """A step as numpy takes it: in the wider type of both, and rounded to the rows' own."""
    rounded_first = isinstance(nodes.operator.raw_operator, StandardScaler)
    if rounded_first or nodes.dtype == np.float64 or constant.dtype == np.float32:
        return nodes(kind, rows, constant)
    wide = nodes.widened()
    done = wide(kind, wide("Cast", rows, to=_DOUBLE), constant)
    return nodes("Cast", done, to=nodes.float_type)


def _convert_precisely(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - as above
    """Scale in float64 within a graph of float32, as scikit-learn scales all but float32."""
    nodes = Nodes(scope, operator, container).widened()
    rows = nodes.numbers()
    for kind, constant in _steps(operator.raw_operator):
        rows = nodes(kind, rows, constant)
    nodes.give_numbers(_clipped(nodes, rows))


def _steps(scaler: Any) -> Iterator[tuple[str, NDArray[Any]]]:  # noqa: ANN401 - one of four
    """Operators and the rows of constants that they take, ``(1, features)``."""
    steps = {
        MaxAbsScaler: (("Div", "scale_"),),
        MinMaxScaler: (("Mul", "scale_"), ("Add", "min_")),
        RobustScaler: (("Sub", "center_"), ("Div", "scale_")),
        StandardScaler: (("Sub", "mean_"), ("Div", "scale_")),
    }[type(scaler)]
    for kind, name in steps:
        constant = getattr(scaler, name)
        # A scaler knows its mean also where it does not take it away.
        if constant is not None and (name != "mean_" or scaler.with_mean):
            yield kind, np.asarray(constant).reshape(1, -1)


def _clipped(nodes: Nodes, rows: str) -> str:
    scaler = nodes.operator.raw_operator
    if not getattr(scaler, "clip", False):
        return rows
    low, high = getattr(scaler, "feature_range", (-1.0, 1.0))
    return nodes("Clip", rows, np.array(float(low)), np.array(float(high)))


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = operator.raw_operator.n_features_in_
    operator.outputs[0].type = float_type(operator, [None, width])


_SCALERS = (MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler)
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = dict.fromkeys(_SCALERS, _convert)
# For graphs of float32 whose original calculates in float64.
PRECISE: Mapping[type, Callable[[Any, Any, Any], None]] = dict.fromkeys(
    _SCALERS, _convert_precisely
)
SHAPES: Mapping[type, Callable[[Any], None]] = dict.fromkeys(_SCALERS, _shape)
