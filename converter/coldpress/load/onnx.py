"""ONNX files, checked before onnxruntime sees them; what lies apart from them stays there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from onnx.checker import ValidationError
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from coldpress.errors import ExportError, LoadError, brief
from coldpress.onnx_file import MOST_BYTES, Label, OnnxFile, serialised

from .first_open import check_opens
from .gate import check_external, check_model
from .zipmap import without_zipmaps

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["checked", "load"]

_IN_MEMORY = "the ONNX model"
_TOO_LARGE = (
    "is over 2 GB, which one ONNX file can't hold; save it with its weights as external data"
)


def load(file: ModelFile, *, trust: bool) -> OnnxFile:
    """The model, with external data left in the file's folder.

    Raises:
        LoadError: It is no valid ONNX model, keeps data outside its folder, uses operators that
            onnxruntime's standard build has not, has an input without a shape, gives something
            else than tensors, or takes more memory or time than its size explains.
    """
    del trust  # An ONNX file runs no code.
    return _checked(file.data, file.path.name, file.path)


def checked(model: object) -> OnnxFile:
    """A model in memory, after the checks that a file goes through.

    Args:
        model: An ONNX file's bytes, an `onnx.ModelProto`, or an `OnnxFile`.

    Raises:
        LoadError: As `load`; or data lie in other files, for which bytes name no folder.
        ExportError: It is another part of ONNX than a model.
    """
    if isinstance(model, OnnxFile):
        return model
    if isinstance(model, onnx.ModelProto):
        model = serialised(model)
    if not isinstance(model, bytes):
        raise ExportError(f"an onnx.{type(model).__name__} is no model; give an onnx.ModelProto")
    return _checked(model, _IN_MEMORY, None)


def _checked(data: bytes, name: str, path: Path | None) -> OnnxFile:
    if len(data) > MOST_BYTES:
        raise LoadError(f"{name} {_TOO_LARGE}")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(f"{name} is no ONNX file that can be read") from error
    check_model(name, model)
    apart = _apart(name, model, path)
    labels = without_zipmaps(model)
    _check_values(name, model)
    file = _valid(name, serialised(model) if labels else data, path if apart else None, labels)
    with tempfile.TemporaryDirectory() as home:
        check_opens(name, file, Path(home))
    return file


def _apart(name: str, model: onnx.ModelProto, path: Path | None) -> bool:
    """Whether tensors lie in other files; None of them outside the model's folder."""
    if path is not None:
        return check_external(name, model, path.parent)
    outside = [tensor for tensor in model.graph.initializer if uses_external_data(tensor)]
    if outside:
        info: Any = ExternalDataInfo(outside[0])
        raise LoadError(
            f"{_IN_MEMORY} keeps '{outside[0].name:.64}' in another file, '{info.location:.80}', "
            "and bytes do not say in which folder; export the .onnx file, or give what "
            "onnx.load(path) returns, which has it inside"
        )
    return False


def _valid(
    name: str, data: bytes, path: Path | None, labels: Mapping[str, tuple[Label, ...]]
) -> OnnxFile:
    try:
        # By path where data lie apart, so that the checker sees where.
        onnx.checker.check_model(data if path is None else path)
    except (ValidationError, ValueError) as error:
        raise LoadError(f"{name} is no valid ONNX model: {brief(error)}") from error
    return OnnxFile(graph=data, folder=path.parent if path else None, labels=labels)


def _check_values(name: str, model: onnx.ModelProto) -> None:
    # Before IR version 4, weights stand among the inputs, too.
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if not inputs or not model.graph.output:
        raise LoadError(f"{name} has no inputs or no outputs; there is nothing to serve")
    for value in inputs:
        _check_tensor(name, f"input '{value.name}'", value)
        # Of unknown rank; onnxruntime shows it like a single value, whose shape has no dimensions.
        if not value.type.tensor_type.HasField("shape"):
            raise LoadError(
                f"input '{value.name}' of {name} has no shape; export the model with the shape of "
                "its inputs, free where any size will do, such as (rows, 3)"
            )
    for value in model.graph.output:
        _check_tensor(name, f"output '{value.name}'", value)


def _check_tensor(name: str, what: str, value: onnx.ValueInfoProto) -> None:
    kind = value.type.WhichOneof("value") or "unknown_type"
    if kind != "tensor_type":
        raise LoadError(
            f"{what} of {name} is a {kind.removesuffix('_type')}, and only tensors can be served"
        )
