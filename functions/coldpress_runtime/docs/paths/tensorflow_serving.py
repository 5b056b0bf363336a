"""TensorFlow Serving's REST API in the OpenAPI document.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.docs.operations import Part, get, json_content, of_version, post
from coldpress_runtime.docs.rows import table
from coldpress_runtime.docs.schemas import (
    Schema,
    answer_value,
    nested,
    obj,
    ref,
    row_of,
    value,
)

__all__ = ["described"]

_TAG = "TensorFlow Serving"
_ERROR = "Error"
_B64: Schema = obj({"b64": {"type": "string", "contentEncoding": "base64"}})


def described(entries: tuple[Entry, ...]) -> Part:
    """The protocol's paths, and their schemas."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = {_ERROR: obj({"error": {"type": "string"}})}
    for entry in entries:
        schemas[f"{entry.name}.PredictRequest"] = _request(entry)
        schemas[f"{entry.name}.PredictResponse"] = _response(entry)
        paths |= _paths(entry, f"/v1/models/{entry.name}", entry.name)
        versioned = f"/v1/models/{entry.name}/versions/{{version}}"
        paths |= of_version(entry, _paths(entry, versioned, f"{entry.name}.version"))
    return Part(tag=_TAG, paths=paths, schemas=schemas)


def _paths(entry: Entry, path: str, mark: str) -> dict[str, dict[str, Any]]:
    name = entry.name
    state = get(_TAG, f"{mark}.status", f"Whether {name} is loaded", _status(), _ERROR)
    predict = post(
        _TAG,
        f"{mark}.predict",
        f"Predict with {name}, by rows or by columns",
        body=json_content(ref(f"{name}.PredictRequest"), _examples(entry)),
        answer=json_content(ref(f"{name}.PredictResponse")),
        error=_ERROR,
    )
    return {path: state, f"{path}:predict": predict}


def _request(entry: Entry) -> Schema:
    """Rows or columns, never both."""
    inputs = entry.manifest.signature.inputs
    signature: dict[str, Schema] = {"signature_name": {"enum": ["", "serving_default"]}}
    rows = {spec.name: row_of(spec, _sent(spec)) for spec in inputs}
    columns = {spec.name: nested(_sent(spec), spec.shape) for spec in inputs}
    instances = {"type": "array", "items": _bare_or_named(rows), "minItems": 1}
    return {
        "oneOf": [
            obj({**signature, "instances": instances}, optional=("signature_name",)),
            obj({**signature, "inputs": _bare_or_named(columns)}, optional=("signature_name",)),
        ]
    }


def _response(entry: Entry) -> Schema:
    outputs = entry.manifest.signature.outputs
    rows = {spec.name: _loose(spec, spec.shape[1:]) for spec in outputs}
    columns = {spec.name: _loose(spec, spec.shape) for spec in outputs}
    return {
        "oneOf": [
            obj({"predictions": {"type": "array", "items": _one_or_named(rows)}}),
            obj({"outputs": _one_or_named(columns)}),
        ]
    }


def _sent(spec: TensorSpec) -> Schema:
    plain = value(spec.datatype)
    return {"anyOf": [plain, _B64]} if spec.datatype == "BYTES" else plain


def _loose(spec: TensorSpec, shape: tuple[int, ...]) -> Schema:
    """An output's values, with any number of elements: models may give none."""
    schema = answer_value(spec)
    for _ in shape:
        schema = {"type": "array", "items": schema}
    return schema


def _bare_or_named(tensors: dict[str, Schema]) -> Schema:
    """A single tensor may go without its name."""
    if len(tensors) > 1:
        return obj(tensors)
    return {"anyOf": [*tensors.values(), obj(tensors)]}


def _one_or_named(tensors: dict[str, Schema]) -> Schema:
    """A single tensor goes without its name."""
    return obj(tensors) if len(tensors) > 1 else next(iter(tensors.values()))


def _status() -> Schema:
    text: Schema = {"type": "string"}
    status = obj({"error_code": text, "error_message": text})
    version = obj({"version": text, "state": text, "status": status})
    return obj({"model_version_status": {"type": "array", "items": version, "minItems": 1}})


def _examples(entry: Entry) -> dict[str, Any]:
    examples = {}
    for number, example in enumerate(entry.examples, start=1):
        columns = table(example["request"]["inputs"])
        if not all(columns.values()):
            continue
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        bare = [next(iter(row.values())) for row in rows] if len(columns) == 1 else rows
        examples[f"golden-{number}"] = {"instances": bare}
    return examples
