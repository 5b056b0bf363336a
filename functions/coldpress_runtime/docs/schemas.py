"""JSON Schemas of what a model takes and gives, derived from its signature.

Source: https://json-schema.org/draft/2020-12, which OpenAPI 3.1 speaks.
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.artifact import TensorSpec

__all__ = [
    "Schema",
    "answer_value",
    "labels_of",
    "nested",
    "obj",
    "ref",
    "row_of",
    "value",
]

Schema = dict[str, Any]

_FREE = -1
_FLOATS = ("FP16", "FP32", "FP64")
_KINDS: dict[str, tuple[type, ...]] = {"BYTES": (str,), "BOOL": (bool,)}


def value(datatype: str) -> Schema:
    """One value of a datatype, as JSON has it; NaN and infinities, which it has not, are null."""
    if datatype == "BYTES":
        return {"type": "string"}
    if datatype == "BOOL":
        return {"type": "boolean"}
    if datatype in _FLOATS:
        return {"type": ["number", "null"]}
    bits = int(datatype.lstrip("UINT"))
    if datatype.startswith("U"):
        return {"type": "integer", "minimum": 0, "maximum": 2**bits - 1}
    return {"type": "integer", "minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}


def answer_value(spec: TensorSpec) -> Schema:
    """One value of an output."""
    if labels := labels_of(spec):
        return {"enum": list(labels)}
    return value(spec.datatype)


def labels_of(spec: TensorSpec) -> tuple[str | int | float | bool, ...]:
    """The class labels that are an output's very values; empty where they name its columns."""
    kinds = _KINDS.get(spec.datatype, (int,))
    if spec.datatype in _FLOATS or not all(type(label) in kinds for label in spec.labels):
        return ()
    return spec.labels


def nested(item: Schema, shape: tuple[int, ...]) -> Schema:
    """Values nested as a shape says; free dimensions have one element or more."""
    schema = item
    for size in reversed(shape):
        count = {"minItems": 1} if size == _FREE else {"minItems": size, "maxItems": size}
        schema = {"type": "array", "items": schema, **count}
    return schema


def row_of(spec: TensorSpec, item: Schema) -> Schema:
    """What one row has of a tensor: the tensor without its first dimension."""
    return nested(item, spec.shape[1:])


def obj(properties: dict[str, Schema], *, optional: tuple[str, ...] = (), **more: Any) -> Schema:  # noqa: ANN401 - any keyword of JSON Schema
    """An object of just these properties, all required but the optional ones."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        **more,
    }


def ref(name: str) -> Schema:
    """A reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}
