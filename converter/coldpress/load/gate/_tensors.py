"""Tensors whose data are as long as their shape and type say."""

from __future__ import annotations

import math

import onnx
from onnx import TensorProto
from onnx.external_data_helper import uses_external_data

from coldpress.errors import LoadError

from ._walk import all_tensors

__all__ = ["bytes_of", "check_tensors"]

_HALF_BYTES = (TensorProto.INT4, TensorProto.UINT4)
_QUARTER_BYTES = tuple(
    getattr(TensorProto, name) for name in ("INT2", "UINT2") if hasattr(TensorProto, name)
)
_FLOAT4 = tuple(getattr(TensorProto, n) for n in ("FLOAT4E2M1",) if hasattr(TensorProto, n))
_MOST_BYTES = 1 << 40


def check_tensors(name: str, model: onnx.ModelProto) -> None:
    """Refuse a tensor whose raw data are longer or shorter than its shape and type say.

    Raises:
        LoadError: There is one, or one with a shape that can't be.
    """
    for tensor in all_tensors(model):
        _check_shape(name, tensor)
        if uses_external_data(tensor) or not tensor.HasField("raw_data"):
            continue
        wanted, found = bytes_of(tensor), len(tensor.raw_data)
        if wanted != found:
            raise LoadError(
                f"tensor '{tensor.name:.64}' of {name} says that it has {wanted:,} bytes and has "
                f"{found:,}; the file is damaged or forged"
            )


def bytes_of(tensor: TensorProto) -> int:
    """How many bytes of raw data a tensor's shape and type stand for."""
    bits = _bits(tensor.data_type)
    return (bits * math.prod(map(int, tensor.dims)) + 7) // 8


def _bits(data_type: int) -> int:
    if data_type in _HALF_BYTES or data_type in _FLOAT4:
        return 4
    if data_type in _QUARTER_BYTES:
        return 2
    return int(onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize) * 8


def _check_shape(name: str, tensor: TensorProto) -> None:
    what = f"tensor '{tensor.name:.64}' of {name}"
    if any(size < 0 for size in tensor.dims):
        raise LoadError(f"{what} has a negative dimension; the file is damaged or forged")
    known = TensorProto.DataType.values()
    if tensor.data_type not in known:
        raise LoadError(f"{what} is of a type that ONNX has not, {tensor.data_type}")
    if tensor.data_type in (TensorProto.UNDEFINED, TensorProto.STRING):
        if tensor.HasField("raw_data") or uses_external_data(tensor):
            raise LoadError(f"{what} is text or nothing, and has raw data; the file is forged")
        return
    if bytes_of(tensor) > _MOST_BYTES:
        raise LoadError(f"{what} says that it is over a terabyte; the file is damaged or forged")
