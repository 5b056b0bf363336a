"""Tensors as raw bytes: little-endian, row-major, without padding.

A BOOL is one byte, and each element of BYTES is its length in four bytes and then its own bytes.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits
from coldpress_runtime.session import DTYPES

from .json_tensors import check_datatype, check_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decode", "encode"]

_DEFAULT_LIMITS = Limits()
_LENGTH = Struct("<I")
_PREFIX = _LENGTH.size


def decode(
    where: str,
    *,
    datatype: object,
    shape: object,
    data: memoryview,
    limits: Limits = _DEFAULT_LIMITS,
) -> NDArray[Any]:
    """A tensor from its bytes.

    Args:
        where: What to call it in errors, such as ``input 'x'``.
        datatype: One of the protocol's datatypes, not yet checked.
        shape: List of its dimensions, not yet checked.
        data: Its bytes and no others.
        limits: How many dimensions it may have, and how many values one of strings.

    Returns:
        An array of the datatype's dtype, of the shape; strings in an object array for BYTES. Any
        other one is read-only, and shares its memory with `data` where that is aligned.

    Raises:
        RequestError: The three don't agree, a BOOL is neither 0 nor 1, or an element of BYTES is
            no UTF-8, which is what onnxruntime's strings are.
        PayloadTooLarge: It has more strings than the limit.
    """
    kind = check_datatype(where, datatype)
    dimensions = check_shape(where, shape, limits)
    # Python's integers can't overflow, and nothing is allocated before the lengths agree.
    count = prod(dimensions)
    flat = (
        _strings(where, data, count, limits)
        if kind == "BYTES"
        else _numbers(where, data, count, kind)
    )
    try:
        return flat.reshape(dimensions)
    except ValueError as error:  # without values, any dimension beside a zero passes until here
        raise RequestError(f"{where}: no tensor can have the shape {list(dimensions)}") from error


def encode(datatype: str, array: NDArray[Any]) -> NDArray[Any] | bytes:
    """A tensor's bytes: the array itself where it holds them already, or else new ones."""
    if datatype != "BYTES":
        return np.ascontiguousarray(array)
    return b"".join(_with_lengths(str(item).encode() for item in array.reshape(-1)))


def _numbers(where: str, data: memoryview, count: int, datatype: str) -> NDArray[Any]:
    # Lambda's machines are little-endian, as the bytes are.
    dtype = DTYPES[datatype]
    if len(data) != (need := count * dtype.itemsize):
        raise RequestError(
            f"{where} has {len(data):,} bytes, but {count:,} values of {datatype} take {need:,}"
        )
    if datatype == "BOOL":
        return _truths(where, data)
    array = np.frombuffer(data, dtype)
    # Operators may rely on their elements' alignment, which the JSON before them leaves to chance.
    return array if array.flags.aligned else array.copy()


def _truths(where: str, data: memoryview) -> NDArray[Any]:
    array = np.frombuffer(data, np.uint8)
    if array.size and (most := array.max()) > 1:
        raise RequestError(f"{where} is BOOL, whose bytes are 0 or 1, but has one of {most}")
    return array.view(np.bool_)


def _strings(where: str, data: memoryview, count: int, limits: Limits) -> NDArray[Any]:
    if count * _PREFIX > len(data):
        raise RequestError(
            f"{where} has {len(data):,} bytes, but {count:,} values of BYTES take "
            f"{count * _PREFIX:,} or more"
        )
    if count > limits.values:
        raise PayloadTooLarge(
            f"{where} has {count:,} strings, and the limit is {limits.values:,}; send fewer rows"
        )
    array = np.empty(count, dtype=np.object_)
    try:
        array[:] = _elements(where, bytes(data), count)
    except UnicodeDecodeError as error:
        raise RequestError(f"{where}: an element of BYTES is no UTF-8, as it has to be") from error
    return array


def _elements(where: str, data: bytes, count: int) -> list[str]:
    elements: list[str] = []
    at, end, length_at = 0, len(data), _LENGTH.unpack_from
    for index in range(count):
        start = at + _PREFIX
        if start > end:
            break
        at = start + length_at(data, at)[0]
        if at > end:
            raise RequestError(
                f"{where}: element {index} says it has {at - start:,} bytes, but {end - start:,} "
                "follow"
            )
        elements.append(data[start:at].decode())
    if len(elements) < count or at < end:
        raise RequestError(
            f"{where}: its {end:,} bytes are not just the {count:,} elements of its shape"
        )
    return elements


def _with_lengths(elements: Iterable[bytes]) -> Iterator[bytes]:
    for element in elements:
        yield _LENGTH.pack(len(element))
        yield element
