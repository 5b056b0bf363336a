"""Laying a model out for serving: large tensors apart from the graph, in a file that is mapped.

onnxruntime copies what is inside a graph twice when it opens it, at 2 to 3 ms for each MB, and maps
what lies apart in 4 ms whatever its size. For that it leaves weights as they are rather than packs
them for its kernels, which changes float results in their last bits: so a model is certified in
just the layout in which it will be served.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import onnx
from onnx import numpy_helper
from onnx.external_data_helper import set_external_data

from coldpress_runtime.artifact import WEIGHTS_NAME

__all__ = ["Layout", "lay_out"]

# Below, opening takes less than 0.1 s, and packed weights take half the time on small batches.
_LEAST_BYTES = 32 * 1024**2
# Smaller tensors are biases and shapes: they take no time, and each costs a mapping.
_LEAST_TENSOR = 1024**2
# What the ONNX specification recommends: offsets at which any system can map a file.
_ALIGNMENT = 4096
_TYPED_DATA = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A model as a session opens it.

    Attributes:
        graph: The ONNX file's bytes; with the large tensors as external data, where they are apart.
        weights: The file with those tensors, named `WEIGHTS_NAME`; None if everything is inside.
    """

    graph: bytes
    weights: Path | None


def lay_out(
    model: bytes,
    folder: Path,
    *,
    least_bytes: int = _LEAST_BYTES,
    least_tensor: int = _LEAST_TENSOR,
) -> Layout:
    """Move a model's large initialisers into one file, those of subgraphs too, in graph order.

    The same model gives the same bytes. One with too little to move stays as it is, to the byte.

    Args:
        model: The ONNX file's bytes, with everything inside.
        folder: Where to write the weights; it has none yet.
        least_bytes: How much there must be to move, in all.
        least_tensor: Size from which on a tensor is moved.

    Raises:
        OSError: The weights can't be written.
    """
    inside = Layout(graph=model, weights=None)
    if len(model) < least_bytes:
        return inside
    proto = onnx.load_model_from_string(model)
    large = [tensor for tensor in _initialisers(proto) if _size(tensor) >= least_tensor]
    if not large or sum(_size(tensor) for tensor in large) < least_bytes:
        return inside
    weights = folder / WEIGHTS_NAME
    with weights.open("xb") as file:
        for tensor in large:
            _move(tensor, file)
    return Layout(graph=proto.SerializeToString(deterministic=True), weights=weights)


def _initialisers(model: onnx.ModelProto) -> Iterable[onnx.TensorProto]:
    # Beside the one that onnx's own conversion to external data goes by: subgraphs, too.
    return onnx.external_data_helper._get_initializer_tensors(model)  # noqa: SLF001 - no public one


def _size(tensor: onnx.TensorProto) -> int:
    """Length in bytes once it is raw; 0 for what has no raw form, such as texts."""
    if tensor.data_type in (onnx.TensorProto.STRING, onnx.TensorProto.UNDEFINED):
        return 0
    # Counted rather than measured: to ask a message for its bytes is to copy them.
    size: int = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return size * math.prod(map(int, tensor.dims))


def _move(tensor: onnx.TensorProto, file: IO[bytes]) -> None:
    data = _raw(tensor)
    file.write(bytes(-file.tell() % _ALIGNMENT))
    offset = file.tell()
    file.write(data)
    tensor.raw_data = b""  # without it, onnx takes the tensor to be moved already
    set_external_data(tensor, WEIGHTS_NAME, offset=offset, length=len(data))
    for field in ("raw_data", *_TYPED_DATA):
        tensor.ClearField(field)


def _raw(tensor: onnx.TensorProto) -> bytes:
    if not tensor.HasField("raw_data"):
        tensor = numpy_helper.from_array(numpy_helper.to_array(tensor))
    data: bytes = tensor.raw_data
    return data
