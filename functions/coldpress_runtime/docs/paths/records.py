"""Plain records in the OpenAPI document: objects in, an object of answers for each out."""

from __future__ import annotations

from typing import Any

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.class_names import are_booleans, class_names
from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.docs.columns import column_schemas, records
from coldpress_runtime.docs.operations import Part, json_content, post
from coldpress_runtime.docs.schemas import Schema, answer_value, obj, ref

__all__ = ["described"]

_TAG = "Records"
_ERROR = "Error"
_TABLE = 2


def described(entries: tuple[Entry, ...]) -> Part:
    """A path for each model that has rows, and one without a name for a single model."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = {_ERROR: obj({"error": {"type": "string"}})}
    for entry in filter(_has_rows, entries):
        schemas[f"{entry.name}.Record"] = obj(column_schemas(entry))
        schemas[f"{entry.name}.RecordAnswer"] = obj(
            {spec.name: _answer(spec) for spec in entry.manifest.signature.outputs}
        )
        paths[f"/predict/{entry.name}"] = _path(entry, f"{entry.name}.records")
    if paths and entries[0].alone:
        paths = {"/predict": _path(entries[0], "records"), **paths}
    return Part(tag=_TAG, paths=paths, schemas=schemas)


def _has_rows(entry: Entry) -> bool:
    """Whether nothing that the model takes or gives is one value for all rows."""
    signature = entry.manifest.signature
    return all(spec.shape for spec in (*signature.inputs, *signature.outputs))


def _path(entry: Entry, operation: str) -> dict[str, Any]:
    return post(
        _TAG,
        operation,
        f"Predict with {entry.name}, one object a row",
        body=json_content(_one_or_many(f"{entry.name}.Record"), _examples(entry)),
        answer=json_content(_one_or_many(f"{entry.name}.RecordAnswer")),
        error=_ERROR,
    )


def _one_or_many(name: str) -> Schema:
    return {"oneOf": [{"type": "array", "items": ref(name), "minItems": 1}, ref(name)]}


def _answer(spec: TensorSpec) -> Schema:
    """An output of one row; numbers of classes go by the classes' names."""
    schema = answer_value(spec)
    if len(spec.shape) == 1 and are_booleans(spec):
        return {"type": "boolean"}
    labels = list(dict.fromkeys(class_names(spec)))
    if len(spec.shape) == _TABLE and spec.shape[1] == len(labels) == len(spec.labels):
        return obj(dict.fromkeys(labels, schema))
    for _ in spec.shape[1:]:
        schema = {"type": "array", "items": schema}
    return schema


def _examples(entry: Entry) -> dict[str, Any]:
    return {f"golden-{number}": rows for number, rows in enumerate(records(entry), start=1)}
