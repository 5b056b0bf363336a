"""TensorFlow Serving's REST API: its paths, and what each call answers.

Source: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson

from coldpress_runtime.errors import RequestError, UnknownModel, UnknownRoute
from coldpress_runtime.exchange import Request, Response
from coldpress_runtime.loading import LoadedModel
from coldpress_runtime.serving import Serving
from coldpress_runtime.session import Tensors

from .json_body import check_json_type, object_of, parse_json
from .rows_and_columns import outputs_of, predictions_of, read_inputs, read_instances

__all__ = ["SIGNATURE", "Call", "answer", "methods", "refusal", "route"]

Operation = Literal["status", "metadata", "predict"]

# The one signature that a SavedModel always has, and that an ONNX graph is.
SIGNATURE = "serving_default"
# What takes TensorFlow's own Examples rather than tensors.
_EXAMPLES = ("classify", "regress")
_BYTES_SUFFIX = "_bytes"


class Call(NamedTuple):
    """What a path asks for.

    Attributes:
        operation: Which of the protocol's calls it is.
        model: The model's name in the path.
        version: The version in the path; empty if there is none.
        label: The version's label in the path; empty if there is none.
    """

    operation: Operation
    model: str
    version: str = ""
    label: str = ""


def methods(path: str) -> tuple[str, ...]:
    """What a path answers; see `Dialect`."""
    return ("POST",) if route(path).operation == "predict" else ("GET",)


def answer(request: Request, serving: Serving) -> Response:
    """The answer to a request; see `Dialect`."""
    call = route(request.path)
    if call.label:
        raise UnknownModel(
            f"unknown label '{call.label:.64}'; this function knows versions by their digest, "
            "and serves its only one without any"
        )
    model = serving.model(call.model, call.version)
    match call.operation:
        case "status":
            body = _render_status(model)
        case "metadata":
            from .tensorflow_metadata import render_metadata  # noqa: PLC0415 - few clients ask

            body = render_metadata(model, SIGNATURE)
        case "predict":
            body = _predict(request, model, serving)
    return Response(status=200, body=body)


def refusal(_status: int, _code: str, message: str) -> bytes:
    """The protocol's error object; see `Dialect`."""
    return orjson.dumps({"error": message})


def route(path: str) -> Call:
    """The call that a path stands for.

    Raises:
        UnknownRoute: The path is none of the protocol's, or one for TensorFlow's Examples.
    """
    whole, mark, verb = path.strip("/").partition(":")
    parts = tuple(whole.split("/"))
    operation: Operation = "predict" if verb else "status"
    if parts[-1] == "metadata" and not verb:
        operation, parts = "metadata", parts[:-1]
    call = None if "" in parts or (mark and not verb) else _named(parts, operation)
    if call is None or verb not in ("", "predict", *_EXAMPLES):
        raise UnknownRoute(
            f"nothing is served at {path:.200}; see GET /v1/models/NAME, and POST …:predict"
        )
    if verb in _EXAMPLES:
        raise UnknownRoute(
            f":{verb} takes TensorFlow's Examples, which an ONNX model does not read; use :predict"
        )
    return call


def _named(parts: tuple[str, ...], operation: Operation) -> Call | None:
    match parts:
        case ("v1", "models", model):
            return Call(operation, model)
        case ("v1", "models", model, "versions", version):
            return Call(operation, model, version=version)
        case ("v1", "models", model, "labels", label):
            return Call(operation, model, label=label)
    return None


def _predict(request: Request, model: LoadedModel, serving: Serving) -> bytes:
    check_json_type(request.headers.get("content-type", ""))
    document = object_of(parse_json(request.body, serving.limits))
    _check_signature_name(document)
    instances, inputs = document.get("instances"), document.get("inputs")
    if instances is not None and inputs is not None:
        raise RequestError("the request has both instances and inputs; send one of them")
    if instances is None and inputs is None:
        raise RequestError("the request needs instances (rows) or inputs (columns)")
    signature, limits = model.manifest.signature, serving.limits
    if inputs is not None:
        tensors = read_inputs(signature, inputs, limits)
        results = _coded(serving.predict(model, tensors), model)
        told = {"outputs": outputs_of(signature.outputs, results)}
    else:
        tensors = read_instances(signature, instances, limits)
        results = _coded(serving.predict(model, tensors), model)
        rows = len(instances) if isinstance(instances, list) else 0
        told = {"predictions": predictions_of(signature.outputs, results, rows)}
    return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)


def _check_signature_name(document: Mapping[str, Any]) -> None:
    name = document.get("signature_name")
    if name not in (None, "", SIGNATURE):
        raise RequestError(
            f"unknown signature_name {name!r:.64}; this model has only '{SIGNATURE}'"
        )


def _coded(results: Tensors, model: LoadedModel) -> Tensors:
    """The outputs, with strings in base64 where an output's name says that they are bytes."""
    named = [
        spec.name
        for spec in model.manifest.signature.outputs
        if spec.datatype == "BYTES" and spec.name.endswith(_BYTES_SUFFIX)
    ]
    if not named:
        return results
    from .text_bytes import as_bytes  # noqa: PLC0415 - for few models

    return {**results, **{name: as_bytes(results[name]) for name in named}}


def _render_status(model: LoadedModel) -> bytes:
    status = {
        "version": model.version,
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return orjson.dumps({"model_version_status": [status]})
