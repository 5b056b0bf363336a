"""Quantile transformations, to a uniform and to a normal distribution, in float64.

skl2onnx has no normal distribution, and follows one side of a value that training saw repeatedly
where scikit-learn takes the middle of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx.common.data_types import FloatTensorType
from sklearn.preprocessing import QuantileTransformer
from sklearn.preprocessing._data import BOUNDS_THRESHOLD

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "PRECISE", "SHAPES"]

_DOUBLE = onnx.TensorProto.DOUBLE
_LEAST = float(BOUNDS_THRESHOLD - np.spacing(1))
# M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied
# Statistics 37 (1988): PPND16, but for its outermost part, which `_LEAST` keeps out. Numerators
# and denominators in ascending powers.
_MIDDLE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
_TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
_SPLIT, _INNER, _OUTER = 0.425, 0.180625, 1.6


def _convert(scope: Any, operator: Any, container: Any, *, precise: bool = False) -> None:  # noqa: ANN401
    model = operator.raw_operator
    nodes = Nodes(scope, operator, container).widened()
    narrow = not precise and all(isinstance(v.type, FloatTensorType) for v in operator.inputs)
    rows = nodes.numbers()
    missing = nodes("IsNaN", rows)
    shares = _bounded(nodes, model, rows, _shares(nodes, model, rows), narrow=narrow)
    if model.output_distribution == "normal":
        # Rows of float32 have shares of float32, whose tails are coarse.
        shares = _rounded(nodes, shares) if narrow else shares
        shares = _normal(nodes, shares)
    nodes.give_numbers(nodes("Where", missing, np.array(np.nan), shares))


def _shares(nodes: Nodes, model: QuantileTransformer, rows: str) -> str:
    """Where values stand among the quantiles, from 0 to 1: the mean of both sides of repeats."""
    quantiles = np.asarray(model.quantiles_, dtype=np.float64)
    references, count = np.asarray(model.references_), len(quantiles)
    inside = nodes("Min", nodes("Max", rows, quantiles[:1]), quantiles[-1:])
    with np.errstate(all="ignore"):
        slopes = np.diff(references).reshape(-1, 1) / np.diff(quantiles, axis=0)
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    nothing = np.zeros((1, quantiles.shape[1]))
    sides = []
    for kind, shift, rising in (
        ("LessOrEqual", 1, np.vstack([slopes, nothing])),
        ("Less", 0, np.vstack([nothing, slopes])),
    ):
        place = nodes("Sub", _passed(nodes, quantiles, rows, kind), np.array(shift))
        place = nodes("Clip", place, np.array(0), np.array(count - 1))
        from_there = nodes("Sub", inside, _looked_up(nodes, quantiles, place))
        rise = nodes("Mul", _looked_up(nodes, rising, place), from_there)
        sides.append(nodes("Add", nodes("Gather", references, place, axis=0), rise))
    return nodes("Mul", nodes("Add", *sides), np.array(0.5))


def _passed(nodes: Nodes, quantiles: NDArray[Any], rows: str, kind: str) -> str:
    """How many of each feature's quantiles a value has passed, by halving, ``(rows, features)``."""
    size = 2 ** len(quantiles).bit_length()
    padded = np.full((size, quantiles.shape[1]), np.nan)
    padded[: len(quantiles)] = quantiles
    count = nodes("Cast", nodes("IsNaN", rows), to=onnx.TensorProto.BOOL)
    count = nodes("Mul", nodes("Cast", count, to=onnx.TensorProto.INT64), np.array(0))
    step = size // 2
    while step:
        last = nodes("Add", count, np.array(step - 1))
        passed = nodes(kind, _looked_up(nodes, padded, last), rows)
        more = nodes("Mul", nodes("Cast", passed, to=onnx.TensorProto.INT64), np.array(step))
        count, step = nodes("Add", count, more), step // 2
    return count


def _looked_up(nodes: Nodes, table: NDArray[Any], places: str) -> str:
    """A table's values of each feature, ``(rows, features)``.

    Args:
        nodes: Where it is written.
        table: ``(places, features)``.
        places: ``(rows, features)``.
    """
    width = table.shape[1]
    flat = nodes("Add", nodes("Mul", places, np.array(width)), np.arange(width).reshape(1, -1))
    return nodes("Gather", table.ravel(), flat, axis=0)


def _bounded(
    nodes: Nodes, model: QuantileTransformer, rows: str, shares: str, *, narrow: bool
) -> str:
    """The least and the largest value are 0 and 1; to a normal one, what is next to them, too."""
    low, high = (np.asarray(model.quantiles_[[k]], dtype=np.float64) for k in (0, -1))
    if model.output_distribution == "normal":
        step = np.array(np.float32(BOUNDS_THRESHOLD) if narrow else BOUNDS_THRESHOLD, np.float64)
        down, up = nodes("Sub", rows, step), nodes("Add", rows, step)
        if narrow:
            down, up = _rounded(nodes, down), _rounded(nodes, up)
        below, above = nodes("Less", down, low), nodes("Greater", up, high)
    else:
        below, above = nodes("Equal", rows, low), nodes("Equal", rows, high)
    return nodes("Where", below, np.array(0.0), nodes("Where", above, np.array(1.0), shares))


def _rounded(nodes: Nodes, values: str) -> str:
    return nodes("Cast", nodes("Cast", values, to=onnx.TensorProto.FLOAT), to=_DOUBLE)


def _normal(nodes: Nodes, shares: str) -> str:
    """The normal distribution's value for each share, within scikit-learn's bounds."""
    inside = nodes("Clip", shares, np.array(_LEAST), np.array(1 - _LEAST))
    apart = nodes("Sub", inside, np.array(0.5))
    middle = nodes("Sub", np.array(_INNER), nodes("Mul", apart, apart))
    near = nodes("Mul", apart, _ratio(nodes, middle, _MIDDLE))
    tail = nodes("Min", inside, nodes("Sub", np.array(1.0), inside))
    far = nodes("Sqrt", nodes("Neg", nodes("Log", tail)))
    far = _ratio(nodes, nodes("Sub", far, np.array(_OUTER)), _TAIL)
    far = nodes("Mul", far, nodes("Sign", apart))
    central = nodes("LessOrEqual", nodes("Abs", apart), np.array(_SPLIT))
    ends = (np.array(NormalDist().inv_cdf(share)) for share in (_LEAST, 1 - _LEAST))
    return nodes("Clip", nodes("Where", central, near, far), *ends)


def _ratio(nodes: Nodes, value: str, parts: tuple[tuple[float, ...], tuple[float, ...]]) -> str:
    above, below = (_polynomial(nodes, value, coefficients) for coefficients in parts)
    return nodes("Div", above, below)


def _polynomial(nodes: Nodes, value: str, coefficients: tuple[float, ...]) -> str:
    *rest, last = coefficients
    total: Any = np.array(last)
    for coefficient in reversed(rest):
        total = nodes("Add", nodes("Mul", value, total), np.array(coefficient))
    return str(total)


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = operator.raw_operator.n_features_in_
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {QuantileTransformer: _convert}
# For graphs of float32 whose original calculates in float64.
PRECISE: Mapping[type, Callable[[Any, Any, Any], None]] = {
    QuantileTransformer: partial(_convert, precise=True)
}
SHAPES: Mapping[type, Callable[[Any], None]] = {QuantileTransformer: _shape}
