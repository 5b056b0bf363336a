"""Types of PyTorch that can be served, and the reason for those that can't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch

from coldpress.errors import ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_state", "datatype_of", "float_type", "numpy_of", "tensors_of", "weight_bytes"]

_DATATYPES = {
    torch.bool: "BOOL",
    torch.uint8: "UINT8",
    torch.uint16: "UINT16",
    torch.uint32: "UINT32",
    torch.uint64: "UINT64",
    torch.int8: "INT8",
    torch.int16: "INT16",
    torch.int32: "INT32",
    torch.int64: "INT64",
    torch.float16: "FP16",
    torch.float32: "FP32",
    torch.float64: "FP64",
}
_COMPLEX = (torch.complex32, torch.complex64, torch.complex128)


def datatype_of(what: str, dtype: torch.dtype) -> str:
    """The datatype of a tensor that is served.

    Raises:
        ExportError: There is none.
    """
    if dtype in _DATATYPES:
        return _DATATYPES[dtype]
    raise ExportError(_refused(f"'{what}' is {_shown(dtype)}", dtype))


def check_state(model: Any) -> None:  # noqa: ANN401 - three kinds
    """Check the types of a model's parameters and buffers, and where they are.

    Raises:
        ExportError: ONNX or onnxruntime has not one of the types, or they are on no CPU.
    """
    for name, tensor in tensors_of(model):
        if tensor.device.type != "cpu":
            raise ExportError(
                f"'{name:.80}' is on the device '{tensor.device}'; move the module to the CPU "
                "with module.cpu()"
            )
        if tensor.dtype not in _DATATYPES:
            raise ExportError(_refused(f"'{name:.80}' is {_shown(tensor.dtype)}", tensor.dtype))


def tensors_of(model: Any) -> Iterator[tuple[str, torch.Tensor]]:  # noqa: ANN401 - three kinds
    """Parameters and buffers of a module or an exported program, each under each of its names."""
    parts: Iterable[tuple[str, torch.Tensor]] = chain(
        model.named_parameters(), model.named_buffers()
    )
    yield from parts


def weight_bytes(model: Any) -> int:  # noqa: ANN401 - three kinds
    """Size of all parameters and buffers, in bytes."""
    return sum(tensor.nbytes for _, tensor in tensors_of(model))


def float_type(model: Any) -> torch.dtype:  # noqa: ANN401 - three kinds
    """The type in which a model calculates: that of its first parameter of floats."""
    found = (tensor.dtype for _, tensor in tensors_of(model) if tensor.is_floating_point())
    return next(found, torch.float32)


def numpy_of(tensor: torch.Tensor) -> NDArray[Any]:
    """A tensor's values.

    Raises:
        ExportError: They are of a type that can't be served.
    """
    datatype_of("an output", tensor.dtype)
    if tensor.layout is not torch.strided:
        raise ExportError("the module gives a sparse tensor; return tensor.to_dense()")
    array: NDArray[Any] = tensor.detach().resolve_conj().resolve_neg().numpy()
    return array


def _refused(what: str, dtype: torch.dtype) -> str:
    if dtype is torch.bfloat16:
        return f"{what}, which onnxruntime has not on the CPU; export module.float() instead"
    if dtype in _COMPLEX:
        return f"{what}, which ONNX has no operators for; work with real and imaginary parts apart"
    return f"{what}, which ONNX has not; export the module before it is quantised, or in float32"


def _shown(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
