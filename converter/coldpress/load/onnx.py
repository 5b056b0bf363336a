"""ONNX files, through the gate and once through onnxruntime in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from coldpress.errors import ExportError, LoadError
from coldpress.onnx_file import OnnxFile

from .first_open import open_apart
from .gate import check_is_tensor, check_model
from .zipmap import unwrap_zipmaps

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["checked", "load"]

_IN_MEMORY = "the ONNX model"


def load(file: ModelFile, *, trust: bool) -> OnnxFile:
    """The model, with its external data where they are.

    Raises:
        LoadError: It is no valid ONNX model, keeps data elsewhere than beside it, uses operators
            that onnxruntime's standard build has not, has an input without a shape, gives something
            else than tensors, or can't be opened within bounds.
    """
    del trust  # An ONNX file runs no code.
    return _checked(file.data, file.path.name, file.path.parent)


def checked(model: object) -> OnnxFile:
    """A model in memory, after the checks that a file goes through.

    Args:
        model: An ONNX file's bytes, or an `onnx.ModelProto`.

    Raises:
        LoadError: As `load`; or data lie in other files, for which bytes name no folder.
        ExportError: It is another part of ONNX than a model.
    """
    if isinstance(model, onnx.ModelProto):
        model = _serialised(model)
    if not isinstance(model, bytes):
        raise ExportError(f"an onnx.{type(model).__name__} is no model; give an onnx.ModelProto")
    return _checked(model, _IN_MEMORY, None)


def _checked(data: bytes, name: str, folder: Path | None) -> OnnxFile:
    found = check_model(name, data, folder)
    labels = unwrap_zipmaps(found.model)
    _check_outputs(name, found.model)
    if labels:
        data = found.model.SerializeToString(deterministic=True)
    home = folder.absolute() if folder and found.outside else None
    open_apart(name, "onnx", data, folder=home, outside=found.outside)
    return OnnxFile(graph=data, folder=home, labels=labels)


def _serialised(model: onnx.ModelProto) -> bytes:
    try:
        data: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(
            f"{_IN_MEMORY} is over 2 GB, which can't be handed over in memory; write it with "
            "onnx.save(model, path, save_as_external_data=True), and export that file"
        ) from error
    return data


def _check_outputs(name: str, model: onnx.ModelProto) -> None:
    for value in model.graph.output:
        check_is_tensor(name, f"output '{value.name:.64}'", value)
