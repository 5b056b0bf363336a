"""The Open Inference Protocol v2 over REST: its paths, and what each call answers.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import RequestError, UnknownRoute
from coldpress_runtime.exchange import Request, Response, Source
from coldpress_runtime.models import LoadedModel
from coldpress_runtime.options import Limits
from coldpress_runtime.serving import Serving
from coldpress_runtime.version import VERSION

from .json_body import check_json_type
from .open_inference_json import (
    BINARY_HEADER,
    InferenceRequest,
    answered,
    chosen,
    example,
    parse,
    render,
)

__all__ = ["Call", "answer", "methods", "refusal", "rehearse", "route"]

Operation = Literal["server", "live", "ready", "model", "model_ready", "model_config", "infer"]

_EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration")

_SERVER_PATHS: dict[tuple[str, ...], Operation] = {
    (): "server",
    ("health", "live"): "live",
    ("health", "ready"): "ready",
    # Of the only model; the way of direct invocations.
    ("infer",): "infer",
}
_MODEL_PATHS: dict[tuple[str, ...], Operation] = {
    (): "model",
    ("ready",): "model_ready",
    ("config",): "model_config",
    ("infer",): "infer",
}

# No name is longer than this with all that stands around it.
_KEPT_CHARACTERS = 256


class Call(NamedTuple):
    """What a path asks for.

    Attributes:
        operation: Which of the protocol's calls it is.
        model: The model's name in the path; empty for the server's own calls.
        version: The version in the path; empty if there is none.
    """

    operation: Operation
    model: str = ""
    version: str = ""


def methods(path: str) -> tuple[str, ...]:
    """What a path answers; see `Dialect`."""
    return ("POST",) if route(path).operation == "infer" else ("GET",)


def answer(request: Request, serving: Serving) -> Response:
    """The answer to a request; see `Dialect`."""
    call = route(request.path)
    match call.operation:
        case "server":
            body = _render_server()
        case "live":
            body = _render_live()
        case "ready":
            serving.ready()
            body = _render_ready()
        case "model":
            body = _render_model(serving.model(call.model, call.version))
        case "model_ready":
            body = _render_model_ready(serving.model(call.model, call.version))
        case "model_config":
            from .open_inference_config import render_config  # noqa: PLC0415 - few clients ask

            body = render_config(serving.model(call.model, call.version).manifest)
        case "infer":
            return _infer(request, serving.model(call.model, call.version), serving)
    return Response(status=200, body=body)


def refusal(_status: int, _code: str, message: str) -> bytes:
    """The protocol's error object; see `Dialect`."""
    return orjson.dumps({"error": message})


def rehearse(serving: Serving) -> None:
    """Answer a request of zeros, or of empty strings; if one row is too large for a request, none.

    Args:
        serving: The model.

    Raises:
        RuntimeFault: The model is not there, or can't answer zeros.
    """
    model = serving.ready()
    body = example(model.manifest.signature, most_bytes=serving.limits.body_bytes)
    if body is not None:
        request = Request(source=Source.DIRECT, method="POST", path="", body=body)
        _infer(request, model, serving)


def route(path: str) -> Call:
    """The call that a path stands for.

    Raises:
        UnknownRoute: The path is none of the protocol's.
    """
    return _route(path) if len(path) <= _KEPT_CHARACTERS else _route.__wrapped__(path)


@lru_cache(maxsize=64)  # most callers ask for one path again and again
def _route(path: str) -> Call:
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


def _infer(request: Request, model: LoadedModel, serving: Serving) -> Response:
    inference = _parsed(request, serving.limits)
    specs = chosen(model.manifest.signature, inference)
    results = serving.predict(model, inference.tensors)
    document = answered(model.manifest, model.version, inference)
    if inference.forms is None:
        return Response(status=200, body=render(document, specs, results))
    from .open_inference_binary import respond  # noqa: PLC0415 - for clients that ask for it

    return respond(document, specs, inference.forms, results)


def _parsed(request: Request, limits: Limits) -> InferenceRequest:
    check_json_type(request.headers.get("content-type", ""))
    if BINARY_HEADER in request.headers:
        from .open_inference_binary import split  # noqa: PLC0415 - for clients that send it

        head, raw = split(request.body, request.headers[BINARY_HEADER])
        inference = parse(head, limits, raw)
        raw.finish()
    else:
        inference = parse(request.body, limits)
    if request.source is Source.DIRECT and not _is_text(inference):
        raise RequestError("a direct invocation is answered in JSON; ask for no binary outputs")
    return inference


def _is_text(inference: InferenceRequest) -> bool:
    return inference.forms is None or inference.forms.are_text


def _render_server() -> bytes:
    return orjson.dumps({"name": "coldpress", "version": VERSION, "extensions": _EXTENSIONS})


def _render_live() -> bytes:
    return orjson.dumps({"live": True})


def _render_ready() -> bytes:
    return orjson.dumps({"live": True, "ready": True})


def _render_model(model: LoadedModel) -> bytes:
    signature = model.manifest.signature
    inputs = [_describe(spec) for spec in signature.inputs]
    for described, features in zip(inputs, _features(signature), strict=False):
        described["parameters"] = {"features": features}
    document: dict[str, Any] = {
        "name": model.manifest.name,
        "versions": [model.version],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": [_describe(spec) for spec in signature.outputs],
    }
    return orjson.dumps(document)


def _render_model_ready(model: LoadedModel) -> bytes:
    return orjson.dumps({"name": model.manifest.name, "ready": True})


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
