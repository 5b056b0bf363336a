"""numpy's functions of single numbers, as a step of a pipeline or as the inverse of a target.

They are calculated in float64, also within a graph of float32: onnxruntime has the same operators
for both, and what is lost in ``1 + x`` is lost where it does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import onnx
from skl2onnx.common._registration import get_converter
from sklearn.preprocessing import FunctionTransformer

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "KNOWN", "SHAPES", "applied", "expm1", "is_known", "log1p"]

Written: TypeAlias = Callable[[Nodes, str], str]

_ONE = np.array(1.0)
# From here on the square of a number adds nothing to it that float64 holds.
_LARGE = 1e8


def is_known(function: object) -> bool:
    """Whether `applied` can write a function, or there is none."""
    return function is None or (isinstance(function, np.ufunc) and function in _FUNCTIONS)


def applied(nodes: Nodes, function: Any, value: str) -> str:  # noqa: ANN401 - one of numpy's
    """A function's values, in the type of the nodes' numbers; None changes nothing."""
    if function is None:
        return value
    wide = nodes.widened()
    given = wide("Cast", value, to=onnx.TensorProto.DOUBLE)
    return nodes("Cast", _FUNCTIONS[function](wide, given), to=nodes.float_type)


def log1p(nodes: Nodes, value: str) -> str:
    """``log(1 + value)``, exact near zero, too, of numbers in float64.

    W. Kahan's way: what ``1 + value`` loses is made good by the quotient of value and what is left
    of it. See N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 1.14.1.
    """
    grown = nodes("Add", value, _ONE)
    log = nodes("Log", grown)
    near = nodes("Mul", log, nodes("Div", value, nodes("Sub", grown, _ONE)))
    near = nodes("Where", nodes("Equal", grown, _ONE), value, near)
    return nodes("Where", nodes("Greater", grown, np.array(2.0)), log, near)


def expm1(nodes: Nodes, value: str) -> str:
    """``exp(value) - 1``, exact near zero, too, of numbers in float64; see `log1p`."""
    grown = nodes("Exp", value)
    rise = nodes("Sub", grown, _ONE)
    near = nodes("Mul", rise, nodes("Div", value, nodes("Log", grown)))
    near = nodes("Where", nodes("Equal", grown, _ONE), value, near)
    return nodes("Where", nodes("Less", nodes("Abs", value), _ONE), near, rise)


def _arcsinh(nodes: Nodes, value: str) -> str:
    size = nodes("Abs", value)
    square = nodes("Mul", size, size)
    root = nodes("Sqrt", nodes("Add", square, _ONE))
    more = nodes("Div", square, nodes("Add", root, _ONE))
    near = log1p(nodes, nodes("Add", size, more))
    far = nodes("Add", nodes("Log", size), np.array(np.log(2)))
    large = nodes("Greater", size, np.array(_LARGE))
    return nodes("Mul", nodes("Sign", value), nodes("Where", large, far, near))


def _cbrt(nodes: Nodes, value: str) -> str:
    root = nodes("Pow", nodes("Abs", value), np.array(1 / 3))
    return nodes("Mul", nodes("Sign", value), root)


def _one(kind: str) -> Written:
    """A single operator."""
    return lambda nodes, value: nodes(kind, value)


def _log(base: float) -> Written:
    return lambda nodes, value: nodes("Div", nodes("Log", value), np.array(np.log(base)))


def _exp2(nodes: Nodes, value: str) -> str:
    return nodes("Pow", np.array(2.0), value)


def _square(nodes: Nodes, value: str) -> str:
    return nodes("Mul", value, value)


def _tan(nodes: Nodes, value: str) -> str:
    return nodes("Div", nodes("Sin", value), nodes("Cos", value))


def _trunc(nodes: Nodes, value: str) -> str:
    return nodes("Mul", nodes("Sign", value), nodes("Floor", nodes("Abs", value)))


_FUNCTIONS: Mapping[Any, Written] = {
    np.absolute: _one("Abs"),
    np.arcsinh: _arcsinh,
    np.cbrt: _cbrt,
    np.ceil: _one("Ceil"),
    np.cos: _one("Cos"),
    np.exp: _one("Exp"),
    np.exp2: _exp2,
    np.expm1: expm1,
    np.fabs: _one("Abs"),
    np.floor: _one("Floor"),
    np.log: _one("Log"),
    np.log10: _log(10.0),
    np.log1p: log1p,
    np.log2: _log(2.0),
    np.negative: _one("Neg"),
    np.positive: _one("Identity"),
    np.reciprocal: _one("Reciprocal"),
    np.rint: _one("Round"),
    np.sign: _one("Sign"),
    np.sin: _one("Sin"),
    np.sqrt: _one("Sqrt"),
    np.square: _square,
    np.tan: _tan,
    np.tanh: _one("Tanh"),
    np.trunc: _trunc,
}
# Their names, for messages.
KNOWN = ", ".join(sorted(function.__name__ for function in _FUNCTIONS))


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    if model.func is None:
        get_converter(operator.type)(scope, operator, container)
        return
    # Whole numbers go to float64 as they are, not through the graph's float32.
    nodes = Nodes(scope, operator, container).widened()
    nodes.give_numbers(applied(nodes, model.func, nodes.numbers()))


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    if operator.raw_operator.func is None:
        operator.infer_types()
        return
    widths = [value.type.shape[1] for value in operator.inputs]
    width = operator.raw_operator.n_features_in_ if None in widths else sum(widths)
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {FunctionTransformer: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {FunctionTransformer: _shape}
