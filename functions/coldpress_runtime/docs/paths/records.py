"""Plain records in the OpenAPI document: a list of objects in, one answer for each out."""

from __future__ import annotations

from typing import Any

from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.docs.columns import column_schemas, records
from coldpress_runtime.docs.operations import Part, json_content, post
from coldpress_runtime.docs.schemas import Schema, obj, ref

__all__ = ["described"]

_TAG = "Records"
_ERROR = "Error"


def described(entries: tuple[Entry, ...]) -> Part:
    """The path, which names no model: it is the first; and its schemas."""
    entry = entries[0]
    name = f"{entry.name}.Records"
    request = {"type": "array", "items": obj(column_schemas(entry)), "minItems": 1}
    answer: Schema = {"type": "array", "items": {"type": "object"}}
    path = post(
        _TAG,
        "predict",
        f"Predict with {entry.name}, one object a row",
        body=json_content(ref(name), _examples(entry)),
        answer=json_content(answer),
        error=_ERROR,
    )
    schemas: dict[str, Schema] = {_ERROR: obj({"error": {"type": "string"}}), name: request}
    return Part(tag=_TAG, paths={"/predict": path}, schemas=schemas)


def _examples(entry: Entry) -> dict[str, Any]:
    return {f"golden-{number}": rows for number, rows in enumerate(records(entry), start=1)}
