"""Tensors as JSON: data checked value by value against shape and datatype, and written back.

numpy alone would turn "1.5" into a number, 1.5 into 1 and true into 1 without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.errors import RequestError
from coldpress_runtime.options import Limits
from coldpress_runtime.session import DTYPES

from .json_body import kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["array_of", "check_datatype", "check_shape", "decode", "encode"]

_DEFAULT_LIMITS = Limits()
# Whole numbers that JSON's reader takes for floating-point ones.
_BEYOND = 2.0**63
_FLOATS = ("FP16", "FP32", "FP64")
# Those that can't hold each number of JSON's, whose reader refuses what is beyond FP64.
_NARROW = ("FP16", "FP32")

# The Python types that JSON gives, and the datatypes that each may stand for.
_JSON_TYPES: dict[str, frozenset[type]] = {
    "BOOL": frozenset({bool}),
    "BYTES": frozenset({str}),
    # JSON has no NaN of its own; numpy reads None as it.
    **dict.fromkeys(_FLOATS, frozenset({float, int, type(None)})),
}
_INTEGERS: frozenset[type] = frozenset({int})


def decode(
    where: str, *, datatype: object, shape: object, data: object, limits: Limits = _DEFAULT_LIMITS
) -> NDArray[Any]:
    """A tensor from JSON.

    Args:
        where: What to call it in errors, such as ``input 'x'``.
        datatype: One of the protocol's datatypes, not yet checked.
        shape: List of its dimensions, not yet checked.
        data: Its values, flat in row-major order or nested as the shape says.
        limits: How many dimensions it may have.

    Returns:
        An array of the datatype's dtype, of the shape; strings in an object array for BYTES.

    Raises:
        RequestError: The three don't agree, or a value is none of the datatype's.
    """
    kind = check_datatype(where, datatype)
    dimensions = check_shape(where, shape, limits)
    values = _flatten(where, data, dimensions)
    # Python's integers can't overflow, and nothing is allocated before the lengths agree.
    if len(values) != (need := prod(dimensions)):
        raise RequestError(
            f"{where} has {len(values)} values, but its shape {list(dimensions)} needs {need}"
        )
    try:
        return array_of(where, values, kind).reshape(dimensions)
    except ValueError as error:  # without values, any dimension beside a zero passes until here
        raise RequestError(f"{where}: no tensor can have the shape {list(dimensions)}") from error


def encode(datatype: str, array: NDArray[Any]) -> object:
    """A tensor's values for orjson, flat and row-major.

    They stay a numpy array where orjson can write it as it is; it writes NaN and infinities, which
    JSON can't carry, as null.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if datatype == "BYTES":
        return [str(item) for item in flat]
    return flat.astype(np.float32) if datatype == "FP16" else flat


def array_of(where: str, values: list[Any], datatype: str) -> NDArray[Any]:
    """Flat values as an array of their datatype.

    Args:
        where: What to call them in errors.
        values: What JSON gave, one after the other; null is NaN among floating-point numbers.
        datatype: What each of them has to be.

    Raises:
        RequestError: A value is none of the datatype's, or out of its range.
    """
    allowed = _JSON_TYPES.get(datatype, _INTEGERS)
    if wrong := set(map(type, values)) - allowed:
        raise RequestError(f"{where} is {datatype}, but {_otherwise(values, wrong, datatype)}")
    try:
        if datatype not in _NARROW:
            return np.array(values, dtype=DTYPES[datatype])
        with np.errstate(over="ignore"):
            array = np.array(values, dtype=DTYPES[datatype])
    except (OverflowError, ValueError) as error:
        raise RequestError(f"{where}: a value is out of range for {datatype}") from error
    if np.isinf(array).any():
        raise RequestError(f"{where}: a value is out of range for {datatype}")
    return array


def _otherwise(values: list[Any], wrong: set[type], datatype: str) -> str:
    """What values are that are none of the datatype, and what to send instead, if that is known."""
    kinds = ", ".join(sorted(kind_of(kind()) for kind in wrong))
    if wrong == {float} and all(abs(each) >= _BEYOND for each in values if type(each) is float):
        kinds = "whole numbers of more than 64 bits"
    found = f"its data hold {kinds}"
    if len(values) == 1 and wrong == {str}:
        found = f"its value is '{values[0]:.40}'"
    if wrong == {type(None)} and datatype == "BYTES":
        found += '; send "" where a text is missing'
    return found


def check_datatype(where: str, datatype: object) -> str:
    """The datatype that a request gives a tensor.

    Raises:
        RequestError: It is none that the function reads.
    """
    if isinstance(datatype, str) and datatype in DTYPES:
        return datatype
    if datatype == "BF16":
        raise RequestError(f"{where} is BF16, which onnxruntime can't take from Python; send FP32")
    raise RequestError(f"{where} needs a datatype, one of {', '.join(DTYPES)}")


def check_shape(where: str, shape: object, limits: Limits) -> tuple[int, ...]:
    """The dimensions that a request gives a tensor.

    Raises:
        RequestError: They are no list of whole numbers from 0, or too many.
    """
    if (
        not isinstance(shape, list)
        or len(shape) > limits.rank
        or not all(type(dim) is int and dim >= 0 for dim in shape)
    ):
        raise RequestError(
            f"{where} needs a shape, a list of at most {limits.rank} whole numbers from 0"
        )
    return tuple(shape)


def _flatten(where: str, data: object, shape: Sequence[int]) -> list[Any]:
    """Flat data as they are; nested data level by level, each checked against the shape."""
    if not isinstance(data, list):
        raise RequestError(f"{where}: data must be a list, not {kind_of(data)}")
    if not data or not isinstance(data[0], list):
        return data
    _check_lengths(where, {len(data)}, shape, 0)
    for axis in range(1, len(shape)):
        if set(map(type, data)) != {list}:
            raise RequestError(f"{where}: data are not nested as the shape {list(shape)} says")
        _check_lengths(where, set(map(len, data)), shape, axis)
        data = list(chain.from_iterable(data))
    return data


def _check_lengths(where: str, lengths: set[int], shape: Sequence[int], axis: int) -> None:
    if len(lengths) > 1:
        raise RequestError(
            f"{where}: data are ragged: the lists at dimension {axis} differ in length"
        )
    if not shape or lengths != {shape[axis]}:
        raise RequestError(
            f"{where}: data have {lengths.pop()} values at dimension {axis}, "
            f"but the shape is {list(shape)}"
        )
