"""ONNX files, checked before onnxruntime sees them and made self-contained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from onnx.checker import ValidationError
from onnx.external_data_helper import (
    ExternalDataInfo,
    load_external_data_for_model,
    uses_external_data,
)

from coldpress.errors import ExportError, LoadError, brief
from coldpress.onnx_file import OnnxFile

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["checked", "load"]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Protocol buffers hold no more.
_MOST_BYTES = 2**31 - 1
_TOO_LARGE = (
    "is over 2 GB with its weights, which one ONNX file can't hold; make the weights smaller, such "
    "as float16 or 8-bit integers"
)
_IN_MEMORY = "the ONNX model"
_ZIPMAP_CURE = (
    "; it ends in a ZipMap, which only wraps the scores: export the model without it (skl2onnx: "
    "options={id(model): {'zipmap': False}}; onnxmltools' convert_lightgbm: zipmap=False)"
)


def load(file: ModelFile, *, trust: bool) -> OnnxFile:
    """The file's bytes, with external data put inside.

    Raises:
        LoadError: It is no valid ONNX model, keeps data outside its folder, uses operators that
            onnxruntime's standard build has not, has an input without a shape, gives something
            else than tensors, or is too large.
    """
    del trust  # An ONNX file runs no code.
    return OnnxFile(graph=_checked(file.data, file.path.name, file.path))


def checked(model: object) -> OnnxFile:
    """The bytes of a model in memory, after the checks that a file goes through.

    Args:
        model: An ONNX file's bytes, or an `onnx.ModelProto`.

    Raises:
        LoadError: As `load`; or data lie in other files, for which bytes name no folder.
        ExportError: It is another part of ONNX than a model.
    """
    if isinstance(model, onnx.ModelProto):
        model = _serialised(model, _IN_MEMORY)
    if not isinstance(model, bytes):
        raise ExportError(f"an onnx.{type(model).__name__} is no model; give an onnx.ModelProto")
    return OnnxFile(graph=_checked(model, _IN_MEMORY, None))


def _checked(data: bytes, name: str, path: Path | None) -> bytes:
    if len(data) > _MOST_BYTES:
        raise LoadError(f"{name} {_TOO_LARGE}")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(f"{name} is no ONNX file that can be read") from error
    _check_domains(name, model)
    _check_values(name, model)
    if outside := [t for t in _tensors(model) if uses_external_data(t)]:
        if path is None:
            raise _homeless(outside[0])
        # Before they are read: they may be larger than the memory.
        if sum(map(_length, outside)) > _MOST_BYTES:
            raise LoadError(f"{name} {_TOO_LARGE}")
        data = _embed(path, model)
    _check(name, data)
    return data


def _homeless(tensor: onnx.TensorProto) -> LoadError:
    location = ExternalDataInfo(tensor).location
    return LoadError(
        f"{_IN_MEMORY} keeps '{tensor.name:.64}' in another file, '{location:.80}', and bytes do "
        "not say in which folder; export the .onnx file, or give what onnx.load(path) returns, "
        "which has it inside"
    )


def _length(tensor: onnx.TensorProto) -> int:
    info: Any = ExternalDataInfo(tensor)  # onnx declares its numbers as None
    return info.length or 0


def _embed(path: Path, model: onnx.ModelProto) -> bytes:
    try:
        # By path, so that the checker sees where the data lie: only inside the file's folder.
        onnx.checker.check_model(path)
        load_external_data_for_model(model, str(path.parent))
    except (ValidationError, OSError) as error:
        raise LoadError(f"{path.name}: {brief(error)}") from error
    return _serialised(model, path.name)


def _serialised(model: onnx.ModelProto, name: str) -> bytes:
    try:
        data: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(f"{name} {_TOO_LARGE}") from error
    return data


def _tensors(model: onnx.ModelProto) -> Iterable[onnx.TensorProto]:
    # The helper that load_external_data_for_model itself goes by: subgraphs and functions too.
    return onnx.external_data_helper._get_all_tensors(model)  # noqa: SLF001 - no public one


def _check(name: str, data: bytes) -> None:
    try:
        onnx.checker.check_model(data)
    except (ValidationError, ValueError) as error:
        raise LoadError(f"{name} is no valid ONNX model: {brief(error)}") from error


def _check_domains(name: str, model: onnx.ModelProto) -> None:
    own = {function.domain for function in model.functions}
    nodes = [*model.graph.node, *(node for f in model.functions for node in f.node)]
    if unknown := sorted(set(_node_domains(nodes)) - own - _DOMAINS):
        raise LoadError(
            f"{name} uses operators of {', '.join(unknown)}, which the function's onnxruntime "
            "does not have; export the model with standard ONNX operators"
        )
    newest = onnx.defs.onnx_opset_version()
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and opset.version > newest:
            raise LoadError(
                f"{name} needs ONNX opset {opset.version}, and opsets up to {newest} are known "
                "here; export it with an older opset, or upgrade onnx and onnxruntime"
            )


def _node_domains(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    for node in nodes:
        yield node.domain
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _node_domains(graph.node)


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
    zipped = any(node.op_type == "ZipMap" for node in model.graph.node)
    for value in model.graph.output:
        _check_tensor(name, f"output '{value.name}'", value, _ZIPMAP_CURE if zipped else "")


def _check_tensor(name: str, what: str, value: onnx.ValueInfoProto, hint: str = "") -> None:
    kind = value.type.WhichOneof("value") or "unknown_type"
    if kind != "tensor_type":
        raise LoadError(
            f"{what} of {name} is a {kind.removesuffix('_type')}, and only tensors can be "
            f"served{hint}"
        )
