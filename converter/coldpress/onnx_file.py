"""An ONNX model on its way to a bundle, which may be larger than one file of ONNX can hold."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import onnx
from onnx.external_data_helper import (
    ExternalDataInfo,
    load_external_data_for_tensor,
    uses_external_data,
)

from coldpress.errors import ExportError
from coldpress.onnx_parts import tensors
from coldpress_runtime.artifact import WEIGHTS_NAME, TensorSpec
from coldpress_runtime.options import SessionOptions
from coldpress_runtime.session import ModelSession

__all__ = [
    "MOST_BYTES",
    "Label",
    "OnnxFile",
    "bring_in",
    "external_bytes",
    "external_tensors",
    "initialisers",
    "least_rows",
    "serialised",
]

Label: TypeAlias = str | int | float | bool

# Protocol buffers hold no more.
MOST_BYTES = 2**31 - 1
_DEFAULTS = SessionOptions()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnnxFile:
    """An ONNX model in memory, with its large tensors beside it on disk where they lie apart.

    Attributes:
        graph: A serialised `onnx.ModelProto`.
        folder: Where its external data lies, under plain file names; None if all is inside.
        labels: Class labels by output name, where the file itself says them.
    """

    graph: bytes
    folder: Path | None = None
    labels: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)

    @property
    def weights(self) -> Path | None:
        """The file with the large tensors of a model that `lay_out` made; None if inside."""
        return self.folder / WEIGHTS_NAME if self.folder else None

    @property
    def size(self) -> int:
        """Length in bytes, of graph and external data."""
        if self.folder is None:
            return len(self.graph)
        outside = external_tensors(self.proto())
        return len(self.graph) + sum(_length(tensor, self.folder) for tensor in outside)

    def proto(self) -> onnx.ModelProto:
        """The model as a message; external data stays outside."""
        return onnx.load_model_from_string(self.graph)

    def whole(self) -> onnx.ModelProto:
        """The model as a message with everything inside, to be changed at will.

        Raises:
            ExportError: It is over 2 GB, which one message can't hold.
        """
        if self.size > MOST_BYTES:
            raise ExportError("the model is over 2 GB, which one ONNX message can't hold")
        model = self.proto()
        if self.folder is not None:
            bring_in(model, self.folder)
        return model

    def open(self, options: SessionOptions = _DEFAULTS) -> ModelSession:
        """The model in the runtime's session.

        Raises:
            ArtifactError: onnxruntime can't open it.
        """
        # The session asks for any file of the folder, and maps those that the graph names.
        return ModelSession(self.graph, weights=self.weights, options=options)


def least_rows(inputs: Sequence[TensorSpec]) -> int:
    """How many rows a model takes at the least: one, or as many as its fixed batch has."""
    return max((1, *(spec.shape[0] for spec in inputs if spec.shape)))


def serialised(model: onnx.ModelProto) -> bytes:
    """A message as bytes, the same for the same model.

    Raises:
        ExportError: It is over 2 GB.
    """
    try:
        data: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise ExportError(
            "the model is over 2 GB, which one ONNX file can't hold; keep its weights in a file "
            "of their own, as external data"
        ) from error
    return data


def initialisers(model: onnx.ModelProto) -> Iterable[onnx.TensorProto]:
    """The initialisers of the graph and of the graphs inside it, in their order; no function's."""
    # What onnx's own conversion to external data goes by.
    return onnx.external_data_helper._get_initializer_tensors(model)  # noqa: SLF001 - no public one


def external_bytes(tensor: onnx.TensorProto, folder: Path) -> memoryview:
    """The bytes of a tensor that lies outside; mapped, for as long as the view is there.

    Raises:
        OSError: Its file can't be read.
    """
    info: Any = ExternalDataInfo(tensor)  # onnx declares its numbers as None
    offset, length = info.offset or 0, _length(tensor, folder)
    if not length:
        return memoryview(b"")
    start = offset % mmap.ALLOCATIONGRANULARITY
    with (folder / info.location).open("rb") as file:
        mapped = mmap.mmap(
            file.fileno(), length + start, access=mmap.ACCESS_READ, offset=offset - start
        )
    return memoryview(mapped)[start:]


def _length(tensor: onnx.TensorProto, folder: Path) -> int:
    info: Any = ExternalDataInfo(tensor)  # as above
    if info.length is not None:
        return int(info.length)
    size: int = (folder / info.location).stat().st_size - (info.offset or 0)
    return size


def external_tensors(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Every tensor that lies outside, wherever in the model it stands."""
    return [tensor for tensor in tensors(model) if uses_external_data(tensor)]


def bring_in(model: onnx.ModelProto, folder: Path) -> None:
    """Put inside whatever lies outside.

    Args:
        model: The model, changed in place.
        folder: Where its external data lie.
    """
    for tensor in external_tensors(model):
        load_external_data_for_tensor(tensor, str(folder))
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
