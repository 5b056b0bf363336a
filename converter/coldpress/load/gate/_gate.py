"""The checks in their order: cheap and structural first, onnx's own last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx.checker import ValidationError
from onnx.external_data_helper import uses_external_data

from coldpress.errors import LoadError, brief
from coldpress.onnx_parts import sparse_tensors, tensors

from ._caps import check_caps
from ._external import check_external
from ._functions import check_functions
from ._names import check_names
from ._operators import check_operators
from ._tensors import check_tensors, needed_bytes
from ._values import check_inputs
from ._wire import check_counts

__all__ = ["Checked", "check_model"]

# Protocol buffers hold no more.
_MOST_BYTES = 2**31 - 1
_CHECKS = (check_caps, check_operators, check_functions, check_names, check_tensors, check_inputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """A model that passed.

    Attributes:
        model: The model; external data stay outside.
        outside: Length of its external data in bytes; 0 if everything is inside.
    """

    model: onnx.ModelProto
    outside: int


def check_model(name: str, data: bytes, folder: Path | None) -> Checked:
    """Parse a model and check it; nothing but protobuf and onnx's checker sees it.

    Args:
        name: What to call it in a message.
        data: The ONNX file's bytes.
        folder: Where its external data may lie; None for a model in memory.

    Raises:
        LoadError: It does not pass; the message says what is wrong.
    """
    if len(data) > _MOST_BYTES:
        raise LoadError(
            f"{name} is over 2 GB, which one ONNX file can't hold; save it with external data"
        )
    check_counts(name, data)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(f"{name} is no ONNX file that can be read") from error
    try:
        for check in _CHECKS:
            check(name, model)
        outside = check_external(name, model, folder)
    except (TypeError, UnicodeDecodeError) as error:
        # What is no UTF-8 comes as bytes, where every name is text.
        raise LoadError(f"{name} has names that are no text, so it is damaged") from error
    _check_validity(name, data, model)
    return Checked(model=model, outside=outside)


def _check_validity(name: str, data: bytes, model: onnx.ModelProto) -> None:
    if any(uses_external_data(tensor) for tensor in tensors(model)):
        data = _without_external(data)
    try:
        onnx.checker.check_model(data)
    except (ValidationError, ValueError) as error:
        raise LoadError(f"{name} is no valid ONNX model: {brief(error)}") from error


def _without_external(data: bytes) -> bytes:
    """The same model with nothing where its external data would be: the checker would go there."""
    model = onnx.load_model_from_string(data)
    for sparse in sparse_tensors(model):
        if uses_external_data(sparse.values) or uses_external_data(sparse.indices):
            # The checker refuses those without any value: one stands for all.
            _stand_in(sparse.values, 1)
            _stand_in(sparse.indices, 1)
    for tensor in tensors(model):
        if uses_external_data(tensor):
            _stand_in(tensor, 0)
    bare: bytes = model.SerializeToString(deterministic=True)
    return bare


def _stand_in(tensor: onnx.TensorProto, count: int) -> None:
    """Make a tensor one of so many zeros, with the name and data type that it has."""
    bare = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=[count])
    if count:
        bare.raw_data = bytes(needed_bytes(bare))
    tensor.CopyFrom(bare)
