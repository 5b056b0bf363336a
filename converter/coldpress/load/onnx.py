"""ONNX files, checked before onnxruntime sees them and made self-contained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx.checker import ValidationError
from onnx.external_data_helper import load_external_data_for_model

from coldpress.errors import LoadError, brief

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
_TOO_LARGE = "is over 2 GB with its weights, which one ONNX file can't hold"


def load(file: ModelFile, *, trust: bool) -> bytes:
    """The file's bytes, with external data put inside.

    Raises:
        LoadError: It is no valid ONNX model, keeps data outside its folder, uses operators that
            onnxruntime's standard build has not, gives something else than tensors, or is too
            large.
    """
    del trust  # An ONNX file runs no code.
    try:
        model = onnx.load_model_from_string(file.data)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise LoadError(f"{file.path.name} is no ONNX file that can be read") from error
    _check_domains(file.path, model)
    _check_values(file.path, model)
    data = _embed(file, model)
    _check(file.path, data)
    return data


def _embed(file: ModelFile, model: onnx.ModelProto) -> bytes:
    if not any(onnx.external_data_helper.uses_external_data(t) for t in _tensors(model)):
        return file.data
    try:
        # By path, so that the checker sees where the data lie: only inside the file's folder.
        onnx.checker.check_model(file.path)
        load_external_data_for_model(model, str(file.path.parent))
    except (ValidationError, OSError) as error:
        raise LoadError(f"{file.path.name}: {brief(error)}") from error
    try:
        data: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # as above
        raise LoadError(f"{file.path.name} {_TOO_LARGE}") from error
    return data


def _tensors(model: onnx.ModelProto) -> Iterable[onnx.TensorProto]:
    # The helper that load_external_data_for_model itself goes by: subgraphs and functions too.
    return onnx.external_data_helper._get_all_tensors(model)  # noqa: SLF001 - no public one


def _check(path: Path, data: bytes) -> None:
    try:
        onnx.checker.check_model(data)
    except (ValidationError, ValueError) as error:
        raise LoadError(f"{path.name} is no valid ONNX model: {brief(error)}") from error


def _check_domains(path: Path, model: onnx.ModelProto) -> None:
    own = {function.domain for function in model.functions}
    nodes = [*model.graph.node, *(node for f in model.functions for node in f.node)]
    if unknown := sorted(set(_node_domains(nodes)) - own - _DOMAINS):
        raise LoadError(
            f"{path.name} uses operators of {', '.join(unknown)}, which the function's onnxruntime "
            "does not have; export the model with standard ONNX operators"
        )


def _node_domains(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    for node in nodes:
        yield node.domain
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _node_domains(graph.node)


def _check_values(path: Path, model: onnx.ModelProto) -> None:
    if not model.graph.input or not model.graph.output:
        raise LoadError(f"{path.name} has no inputs or no outputs; there is nothing to serve")
    for value in model.graph.output:
        kind = value.type.WhichOneof("value")
        if kind == "tensor_type":
            continue
        hint = ""
        if any(node.op_type == "ZipMap" for node in model.graph.node):
            hint = "; it ends in a ZipMap: convert it again with options={'zipmap': False}"
        raise LoadError(
            f"output '{value.name}' of {path.name} is a {(kind or 'unknown_type')[:-5]}, and only "
            f"tensors can be served{hint}"
        )
