"""The Open Inference Protocol v2 in the OpenAPI document.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.docs.operations import Part, get, json_content, of_version, post
from coldpress_runtime.docs.schemas import Schema, answer_value, nested, obj, ref, value

__all__ = ["described"]

_TAG = "Open Inference Protocol"
_ERROR = "Error"
_TEXT: Schema = {"type": "string"}
_TRUE: Schema = {"const": True}
_COUNT: Schema = {"type": "integer", "minimum": 0}
# Of these there is no highest value.
_WORDS = ("BYTES", "BOOL")
_BINARY = "application/octet-stream"
_HEADER = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "description": "The length of the JSON in bytes, where raw tensors follow it",
    "schema": {"type": "integer", "minimum": 0},
}


def described(entries: tuple[Entry, ...]) -> Part:
    """The protocol's paths, and their schemas."""
    paths = _server_paths()
    schemas: dict[str, Schema] = {_ERROR: obj({"error": _TEXT})}
    for entry in entries:
        schemas |= _schemas(entry)
        paths |= _model_paths(entry, f"/v2/models/{entry.name}", entry.name)
        versioned = f"/v2/models/{entry.name}/versions/{{version}}"
        paths |= of_version(entry, _model_paths(entry, versioned, f"{entry.name}.version"))
    return Part(tag=_TAG, paths=paths, schemas=schemas)


def _server_paths() -> dict[str, dict[str, Any]]:
    texts = {"type": "array", "items": _TEXT}
    server = obj({"name": _TEXT, "version": _TEXT, "extensions": texts})
    ready = obj({"live": _TRUE, "ready": _TRUE})
    return {
        "/v2": get(_TAG, "server", "What the function is", server, _ERROR),
        "/v2/health/live": get(
            _TAG, "live", "Whether the function runs", obj({"live": _TRUE}), _ERROR
        ),
        "/v2/health/ready": get(_TAG, "ready", "Whether its model is loaded", ready, _ERROR),
    }


def _model_paths(entry: Entry, path: str, mark: str) -> dict[str, dict[str, Any]]:
    name = entry.name
    ready = obj({"name": {"const": name}, "ready": _TRUE})
    answer = {
        **json_content(ref(f"{name}.InferResponse"), _examples(entry, "response")),
        _BINARY: {},
    }
    body = {
        **json_content(ref(f"{name}.InferRequest"), _examples(entry, "request")),
        _BINARY: {},
    }
    return {
        path: get(_TAG, f"{mark}.metadata", f"What {name} is", ref(f"{name}.Metadata"), _ERROR),
        f"{path}/ready": get(_TAG, f"{mark}.ready", f"Whether {name} is loaded", ready, _ERROR),
        f"{path}/config": get(
            _TAG, f"{mark}.config", f"{name} in Triton's words", {"type": "object"}, _ERROR
        ),
        f"{path}/infer": post(
            _TAG,
            f"{mark}.infer",
            f"Predict with {name}",
            body=body,
            answer=answer,
            error=_ERROR,
            parameters=(_HEADER,),
        ),
    }


def _schemas(entry: Entry) -> dict[str, Schema]:
    signature = entry.manifest.signature
    given = [_sent(spec, entry.columns.get(spec.name, ())) for spec in signature.inputs]
    answers = [_answered(spec) for spec in signature.outputs]
    answers += [_classified(spec) for spec in signature.outputs if spec.datatype not in _WORDS]
    return {
        f"{entry.name}.InferRequest": _request(entry, given),
        f"{entry.name}.InferResponse": _response(entry, answers),
        f"{entry.name}.Metadata": _metadata(entry),
    }


def _request(entry: Entry, given: list[Schema]) -> Schema:
    count = len(given)
    wanted = {"type": "array", "items": _wanted(entry), "uniqueItems": True}
    return obj(
        {
            "id": _TEXT,
            "parameters": obj(
                {"binary_data_output": {"type": "boolean"}}, optional=("binary_data_output",)
            ),
            "inputs": {"type": "array", "items": _any(given), "minItems": count, "maxItems": count},
            "outputs": wanted,
        },
        optional=("id", "parameters", "outputs"),
    )


def _wanted(entry: Entry) -> Schema:
    names = [spec.name for spec in entry.manifest.signature.outputs]
    form: dict[str, Schema] = {
        "binary_data": {"type": "boolean"},
        "classification": {"type": "integer", "minimum": 0},
    }
    return obj(
        {"name": {"enum": names}, "parameters": obj(form, optional=tuple(form))},
        optional=("parameters",),
    )


def _response(entry: Entry, answers: list[Schema]) -> Schema:
    outputs = {"type": "array", "items": _any(answers), "minItems": 1}
    return obj(
        {
            "model_name": {"const": entry.name},
            "model_version": {"const": entry.version},
            "id": _TEXT,
            "outputs": outputs,
        },
        optional=("id",),
    )


def _sent(spec: TensorSpec, columns: tuple[str, ...]) -> Schema:
    item = value(spec.datatype)
    told = {"description": f"Columns, in order: {', '.join(columns)}"} if columns else {}
    flat = nested(item, (-1,) if spec.shape else (1,))
    data = {"anyOf": [flat, nested(item, spec.shape)]} if len(spec.shape) > 1 else flat
    return _tensor(spec, _sizes(spec.shape), data, told)


def _answered(spec: TensorSpec) -> Schema:
    told = {"description": f"Classes: {', '.join(map(str, spec.labels))}"} if spec.labels else {}
    rank = len(spec.shape)
    shape = {"type": "array", "items": _COUNT, "minItems": rank, "maxItems": rank}
    return _tensor(spec, shape, {"type": "array", "items": answer_value(spec)}, told)


def _classified(spec: TensorSpec) -> Schema:
    """The output's highest values with their classes, for who asks for them."""
    shape = {"type": "array", "items": _COUNT, "minItems": 1, "maxItems": 2}
    told = {"description": "Highest values, as value:index or value:index:label"}
    data = {"type": "array", "items": _TEXT}
    return _tensor(spec._replace(datatype="BYTES"), shape, data, told)


def _tensor(spec: TensorSpec, shape: Schema, data: Schema, told: dict[str, Any]) -> Schema:
    return obj(
        {
            "name": {"const": spec.name},
            "datatype": {"const": spec.datatype},
            "shape": shape,
            "data": data,
        },
        **told,
    )


def _sizes(shape: tuple[int, ...]) -> Schema:
    """A shape in a request: the signature's own, with 1 or more for each free dimension."""
    if not shape:
        return {"type": "array", "maxItems": 0}
    free = {"type": "integer", "minimum": 1}
    return {
        "type": "array",
        "prefixItems": [free if size < 0 else {"const": size} for size in shape],
        "minItems": len(shape),
        "maxItems": len(shape),
    }


def _metadata(entry: Entry) -> Schema:
    size = {"type": "integer", "minimum": -1}
    tensor = obj(
        {
            "name": _TEXT,
            "datatype": _TEXT,
            "shape": {"type": "array", "items": size},
            "parameters": {"type": "object"},
        },
        optional=("parameters",),
    )
    tensors = {"type": "array", "items": tensor, "minItems": 1}
    return obj(
        {
            "name": {"const": entry.name},
            "versions": {"type": "array", "items": {"const": entry.version}, "minItems": 1},
            "platform": {"const": "onnxruntime_onnx"},
            "inputs": tensors,
            "outputs": tensors,
        }
    )


def _any(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _examples(entry: Entry, side: str) -> dict[str, Any]:
    head = {"model_name": entry.name, "model_version": entry.version} if side == "response" else {}
    return {
        f"golden-{number}": {**head, **example[side]}
        for number, example in enumerate(entry.examples, start=1)
    }
