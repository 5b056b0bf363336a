"""Laying a model out for serving: large tensors apart from the graph, in a file that is mapped.

onnxruntime copies what is inside a graph twice when it opens it, at 2 to 3 ms for each MB, and maps
what lies apart in 4 ms whatever its size. For that it leaves weights as they are rather than packs
them for its kernels, which changes float results in their last bits: so a model is certified in
just the layout in which it will be served.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import IO

import onnx
from onnx import numpy_helper
from onnx.external_data_helper import ExternalDataInfo, set_external_data, uses_external_data

from coldpress.errors import ExportError
from coldpress.onnx_file import (
    OnnxFile,
    external_bytes,
    external_tensors,
    initialisers,
    serialised,
)
from coldpress_runtime.artifact import WEIGHTS_NAME

__all__ = ["lay_out"]

# Below, opening takes less than 0.1 s, and packed weights take half the time on small batches.
_LEAST_BYTES = 32 * 1024**2
# Smaller tensors are biases and shapes: they take no time, and each costs a mapping.
_LEAST_TENSOR = 1024**2
# What the ONNX specification recommends: offsets at which any system can map a file.
_ALIGNMENT = 4096
# Two values to a byte; numpy has no type of that size.
_HALF_BYTES = (onnx.TensorProto.INT4, onnx.TensorProto.UINT4)
_TYPED_DATA = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")


def lay_out(
    model: OnnxFile,
    folder: Path,
    *,
    least_bytes: int = _LEAST_BYTES,
    least_tensor: int = _LEAST_TENSOR,
) -> OnnxFile:
    """Move a model's large initialisers into one file, those of subgraphs too, in graph order.

    The same model gives the same bytes. One with too little to move stays as it is, to the byte;
    if its tensors lay apart, they come inside. What is moved is never in memory as a whole.

    Args:
        model: The model.
        folder: Where to write the weights; it has none yet.
        least_bytes: How much there must be to move, in all.
        least_tensor: Size from which on a tensor is moved.

    Raises:
        ExportError: A tensor would still lie in a file that no bundle holds.
        OSError: The weights can't be written.
    """
    if model.folder is None and len(model.graph) < least_bytes:
        return _complete(model)
    proto = model.proto()
    large = [tensor for tensor in initialisers(proto) if _size(tensor) >= least_tensor]
    if not large or sum(_size(tensor) for tensor in large) < least_bytes:
        return _inside(model)
    _bring_in_small(proto, model.folder, large)
    with (folder / WEIGHTS_NAME).open("xb") as file:
        for tensor in large:
            _move(tensor, file, model.folder)
    return _complete(replace(model, graph=serialised(proto), folder=folder))


def _inside(model: OnnxFile) -> OnnxFile:
    if model.folder is not None:
        model = replace(model, graph=serialised(model.whole()), folder=None)
    return _complete(model)


def _complete(model: OnnxFile) -> OnnxFile:
    """The model, once it is sure that a bundle will hold all that its graph names."""
    held = {WEIGHTS_NAME} if model.folder else set()
    for tensor in external_tensors(model.proto()):
        location = ExternalDataInfo(tensor).location
        if location not in held:
            raise ExportError(
                f"the model's tensor '{tensor.name:.64}' lies in '{location:.80}', which can't be "
                "put into the bundle; save the model with its data inside"
            )
    return model


def _bring_in_small(
    model: onnx.ModelProto, folder: Path | None, large: list[onnx.TensorProto]
) -> None:
    """Put inside whatever lies outside and is not moved, such as the tensors of attributes."""
    moved = {id(tensor) for tensor in large}
    for tensor in external_tensors(model):
        if folder and id(tensor) not in moved:
            data = bytes(external_bytes(tensor, folder))
            _clear(tensor)
            tensor.raw_data = data


def _size(tensor: onnx.TensorProto) -> int:
    """Length in bytes once it is raw; 0 for what has no raw form, such as texts."""
    if tensor.data_type in (onnx.TensorProto.STRING, onnx.TensorProto.UNDEFINED):
        return 0
    # Counted rather than measured: to ask a message for its bytes is to copy them.
    bits: int = _bits(tensor.data_type)
    return (bits * math.prod(map(int, tensor.dims)) + 7) // 8


def _bits(data_type: int) -> int:
    if data_type in _HALF_BYTES:
        return 4
    return int(onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize) * 8


def _move(tensor: onnx.TensorProto, file: IO[bytes], folder: Path | None) -> None:
    data = _raw(tensor, folder)
    file.write(bytes(-file.tell() % _ALIGNMENT))
    offset = file.tell()
    file.write(data)
    _clear(tensor)
    tensor.raw_data = b""  # without it, onnx takes the tensor to be moved already
    set_external_data(tensor, WEIGHTS_NAME, offset=offset, length=len(data))
    tensor.ClearField("raw_data")


def _clear(tensor: onnx.TensorProto) -> None:
    for field in ("raw_data", *_TYPED_DATA, "external_data", "data_location"):
        tensor.ClearField(field)


def _raw(tensor: onnx.TensorProto, folder: Path | None) -> bytes | memoryview:
    if folder and uses_external_data(tensor):
        return external_bytes(tensor, folder)
    if not tensor.HasField("raw_data"):
        tensor = numpy_helper.from_array(numpy_helper.to_array(tensor))
    data: bytes = tensor.raw_data
    return data
