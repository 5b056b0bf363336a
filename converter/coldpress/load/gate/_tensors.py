"""A tensor's data must be just as long as its shape says, and shapes no larger than can be."""

from __future__ import annotations

import math

import onnx
from onnx import TensorProto
from onnx.external_data_helper import uses_external_data

from coldpress.errors import LoadError
from coldpress.onnx_parts import sparse_tensors, tensors

__all__ = ["check_tensors", "needed_bytes"]

_T = TensorProto
# Bits of an element, by data type; strings have none.
_BITS: dict[int, int] = {
    **dict.fromkeys((_T.INT2, _T.UINT2), 2),
    **dict.fromkeys((_T.INT4, _T.UINT4, _T.FLOAT4E2M1), 4),
    **dict.fromkeys((_T.INT8, _T.UINT8, _T.BOOL, _T.FLOAT8E4M3FN, _T.FLOAT8E4M3FNUZ), 8),
    **dict.fromkeys((_T.FLOAT8E5M2, _T.FLOAT8E5M2FNUZ, _T.FLOAT8E8M0), 8),
    **dict.fromkeys((_T.INT16, _T.UINT16, _T.FLOAT16, _T.BFLOAT16), 16),
    **dict.fromkeys((_T.INT32, _T.UINT32, _T.FLOAT), 32),
    **dict.fromkeys((_T.INT64, _T.UINT64, _T.DOUBLE, _T.COMPLEX64), 64),
    _T.COMPLEX128: 128,
}
# Field that holds the elements where there are no raw bytes; int32_data for all that is missing.
_FIELDS: dict[int, str] = {
    _T.FLOAT: "float_data",
    _T.COMPLEX64: "float_data",
    _T.DOUBLE: "double_data",
    _T.COMPLEX128: "double_data",
    _T.INT64: "int64_data",
    _T.UINT32: "uint64_data",
    _T.UINT64: "uint64_data",
    _T.STRING: "string_data",
}
_TYPED = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data", "string_data")
_LARGEST = 2**63 - 1
# A sparse tensor is laid out in full when it is opened.
_LARGEST_SPARSE = 2**31 - 1


def check_tensors(name: str, model: onnx.ModelProto) -> None:
    """Refuse a model with a tensor whose data don't fit its shape, or a shape that can't be."""
    for tensor in tensors(model):
        if fault := _fault(tensor):
            raise LoadError(f"{name} has a tensor '{tensor.name:.64}' {fault}; export it again")
    for sparse in sparse_tensors(model):
        if fault := _sparse_fault(sparse):
            raise LoadError(
                f"{name} has a sparse tensor '{sparse.values.name:.64}' {fault}; export it again"
            )
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        shape = value.type.tensor_type.shape.dim
        dims = [dim.dim_value for dim in shape if dim.HasField("dim_value")]
        if any(dim < 0 for dim in dims) or math.prod(dim or 1 for dim in dims) > _LARGEST:
            raise LoadError(f"{name} has a value '{value.name:.64}' of an impossible shape, {dims}")


def needed_bytes(tensor: TensorProto) -> int:
    """Length of a tensor's data in bytes, of a data type that has one."""
    return -(-math.prod(map(int, tensor.dims)) * _BITS[tensor.data_type] // 8)


def _fault(tensor: TensorProto) -> str | None:
    """What is wrong with a tensor, as what follows its name; None if nothing is."""
    kind = tensor.data_type
    if kind not in _BITS and kind != TensorProto.STRING:
        return f"of the unknown data type {kind}"
    if any(dim < 0 for dim in tensor.dims) or math.prod(map(int, tensor.dims)) > _LARGEST // 16:
        return f"of an impossible shape, {list(tensor.dims)[:8]}"
    if tensor.HasField("segment"):
        return "that is in segments, which are not read"
    if uses_external_data(tensor):
        inside = tensor.HasField("raw_data") or any(getattr(tensor, field) for field in _TYPED)
        unfit = inside or kind == TensorProto.STRING
        return "that claims to lie both inside and outside the file" if unfit else None
    if tensor.external_data:
        return "that names other files but says that it lies inside"
    return _length_fault(tensor)


def _length_fault(tensor: TensorProto) -> str | None:
    kind, count = tensor.data_type, math.prod(map(int, tensor.dims))
    if tensor.HasField("raw_data"):
        if kind == TensorProto.STRING or any(getattr(tensor, field) for field in _TYPED):
            return "with its data in two forms"
        have, want, unit = len(tensor.raw_data), needed_bytes(tensor), "bytes"
    else:
        field = _FIELDS.get(kind, "int32_data")
        if any(getattr(tensor, other) for other in _TYPED if other != field):
            return "with data of another type than its own"
        have, want, unit = len(getattr(tensor, field)), _elements(kind, count), "elements"
    if have == want:
        return None
    return f"whose shape {list(tensor.dims)[:8]} takes {want:,} {unit} and whose data are {have:,}"


def _elements(kind: int, count: int) -> int:
    """How many numbers of its field a tensor's elements take."""
    if kind in (TensorProto.COMPLEX64, TensorProto.COMPLEX128):
        return 2 * count
    bits = _BITS.get(kind, 8)
    return -(-count * bits // 8) if bits < 8 else count  # noqa: PLR2004 - bits of a byte


def _sparse_fault(sparse: onnx.SparseTensorProto) -> str | None:
    count = math.prod(map(int, sparse.dims))
    if not sparse.dims or any(dim <= 0 for dim in sparse.dims):
        return f"of an impossible shape, {list(sparse.dims)[:8]}"
    if count * _BITS.get(sparse.values.data_type, 8) // 8 > _LARGEST_SPARSE:
        return f"of the shape {list(sparse.dims)[:8]}, which would take over 2 GB laid out in full"
    stored = math.prod(map(int, sparse.values.dims))
    rows = list(sparse.indices.dims)
    if stored > count or rows not in ([stored], [stored, len(sparse.dims)]):
        return "whose indices don't fit its values"
    return None
