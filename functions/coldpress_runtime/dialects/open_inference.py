"""The Open Inference Protocol v2 over REST, with tensors as JSON.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from numpy.typing import NDArray

from coldpress_runtime.artifact import Manifest, Signature, TensorSpec
from coldpress_runtime.errors import MethodNotAllowed, RequestError, UnknownRoute
from coldpress_runtime.session import Tensors

from . import json_tensors

__all__ = [
    "Call",
    "InferenceRequest",
    "encode_tensor",
    "parse",
    "render",
    "render_error",
    "render_live",
    "render_model",
    "render_model_ready",
    "render_ready",
    "render_server",
    "route",
]

Operation = Literal["server", "live", "ready", "model", "model_ready", "infer"]

_SERVER_PATHS: dict[tuple[str, ...], Operation] = {
    (): "server",
    ("health", "live"): "live",
    ("health", "ready"): "ready",
}
_MODEL_PATHS: dict[tuple[str, ...], Operation] = {
    (): "model",
    ("ready",): "model_ready",
    ("infer",): "infer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a path asks for.

    Attributes:
        operation: Which of the protocol's calls it is.
        model: The model's name in the path; empty for the server's own calls.
        version: The version in the path; empty if there is none.
    """

    operation: Operation
    model: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceRequest:
    """A parsed inference request.

    Attributes:
        id: The caller's own identifier, echoed; None if not given.
        tensors: Inputs by name, in the datatype and shape that the request declares.
        outputs: Names of the outputs asked for; empty for all.
    """

    id: str | None
    tensors: Tensors
    outputs: tuple[str, ...]


def route(method: str, path: str) -> Call:
    """The call that a method and a path stand for.

    Raises:
        UnknownRoute: The path is none of the protocol's.
        MethodNotAllowed: It is, but not with this method.
    """
    call = _call(path)
    allowed = "POST" if call.operation == "infer" else "GET"
    if method != allowed:
        raise MethodNotAllowed(
            f"{path:.200} answers {allowed}, not {method:.16}", allowed=(allowed,)
        )
    return call


def parse(body: bytes) -> InferenceRequest:
    """Read an inference request.

    Raises:
        RequestError: It is not JSON, or not an inference request, or a tensor's data do not agree
            with its shape and datatype; the message says where.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise RequestError(
            f"the request must be a JSON object, not {json_tensors.kind_of(document)}"
        )
    return InferenceRequest(
        id=_optional_text(document, "id", "the request's id"),
        tensors=_inputs(document),
        outputs=_requested(document),
    )


def render(manifest: Manifest, version: str, request: InferenceRequest, results: Tensors) -> bytes:
    """The inference response: the outputs asked for, in the order asked.

    A NaN or an infinity, which JSON can't carry, becomes null.

    Raises:
        RequestError: An output that was asked for is not the model's.
    """
    specs = {spec.name: spec for spec in manifest.signature.outputs}
    names = request.outputs or tuple(specs)
    if unknown := [name for name in names if name not in specs]:
        raise RequestError(
            f"unknown output '{unknown[0]:.64}'; this model gives "
            + ", ".join(f"'{name}'" for name in specs)
        )
    document: dict[str, Any] = {"model_name": manifest.name, "model_version": version}
    if request.id is not None:
        document["id"] = request.id
    document["outputs"] = [encode_tensor(specs[name], results[name]) for name in names]
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def encode_tensor(spec: TensorSpec, array: NDArray[Any]) -> dict[str, Any]:
    """A tensor as the protocol's object; orjson writes it with `OPT_SERIALIZE_NUMPY`."""
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": list(array.shape),
        "data": json_tensors.encode(spec.datatype, array),
    }


def render_error(message: str) -> bytes:
    """The protocol's error object; what UTF-8 can't carry becomes question marks."""
    return orjson.dumps({"error": message.encode(errors="replace").decode()})


def render_server(name: str, version: str) -> bytes:
    """Server metadata."""
    return orjson.dumps({"name": name, "version": version, "extensions": []})


def render_live() -> bytes:
    """The answer of a live server."""
    return orjson.dumps({"live": True})


def render_ready() -> bytes:
    """The answer of a server whose model is loaded."""
    return orjson.dumps({"live": True, "ready": True})


def render_model(manifest: Manifest, version: str) -> bytes:
    """Model metadata, with class labels and column names as parameters where there are any."""
    signature = manifest.signature
    inputs = [_describe(spec) for spec in signature.inputs]
    for described, features in zip(inputs, _features(signature), strict=False):
        described["parameters"] = {"features": features}
    document: dict[str, Any] = {
        "name": manifest.name,
        "versions": [version],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": [_describe(spec) for spec in signature.outputs],
    }
    return orjson.dumps(document)


def render_model_ready(manifest: Manifest) -> bytes:
    """The answer of a loaded model."""
    return orjson.dumps({"name": manifest.name, "ready": True})


def _call(path: str) -> Call:
    parts = tuple(path.strip("/").split("/"))
    if parts[0] == "v2" and (operation := _SERVER_PATHS.get(parts[1:])):
        return Call(operation=operation)
    match parts:
        case _ if "" in parts:
            operation = None
        case ("v2", "models", model, "versions", version, *rest):
            operation = _MODEL_PATHS.get(tuple(rest))
        case ("v2", "models", model, *rest):
            version, operation = "", _MODEL_PATHS.get(tuple(rest))
        case _:
            operation = None
    if operation is None:
        raise UnknownRoute(f"nothing is served at {path:.200}; see GET /v2")
    return Call(operation=operation, model=model, version=version)


def _features(signature: Signature) -> list[tuple[str, ...]]:
    """The columns that each input holds; empty where the model has no names for them."""
    if len(signature.inputs) == 1:
        return [signature.features] if signature.features else []
    return [(name,) for name in signature.features]


def _describe(spec: TensorSpec) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": spec.shape,
    }
    if spec.labels:
        described["parameters"] = {"labels": spec.labels}
    return described


def _inputs(document: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for fields in _objects(document, "inputs"):
        name = _name(fields, "input")
        if name in tensors:
            raise RequestError(f"input '{name:.64}' is there twice")
        tensors[name] = json_tensors.decode(
            f"input '{name:.64}'",
            datatype=fields.get("datatype"),
            shape=fields.get("shape"),
            data=fields.get("data"),
        )
    if not tensors:
        raise RequestError("the request has no inputs")
    return tensors


def _requested(document: Mapping[str, Any]) -> tuple[str, ...]:
    if "outputs" not in document:
        return ()
    names = tuple(_name(fields, "requested output") for fields in _objects(document, "outputs"))
    if len(set(names)) != len(names):
        raise RequestError("an output is requested twice")
    return names


def _name(fields: Mapping[str, Any], what: str) -> str:
    name = fields.get("name")
    if not isinstance(name, str):
        raise RequestError(f"every {what} needs a name, a string")
    return name


def _objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RequestError(f"the request's {key} must be a list of objects")
    return value


def _optional_text(document: Mapping[str, Any], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{where} must be a string")
    return value
