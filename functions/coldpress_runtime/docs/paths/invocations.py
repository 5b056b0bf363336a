"""MLflow's and SageMaker's invocations in the OpenAPI document.

Sources: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.docs.columns import column_schemas, records
from coldpress_runtime.docs.operations import Part, get, json_content, post
from coldpress_runtime.docs.schemas import Schema, obj, ref

__all__ = ["described"]

_TAG = "MLflow and SageMaker"
_ERROR = "InvocationError"
_TEXT: Schema = {"type": "string"}


def described(entries: tuple[Entry, ...]) -> Part:
    """The protocol's paths, and their schemas; of several models a header names one."""
    requests = [f"{entry.name}.Invocation" for entry in entries]
    csv: dict[str, Any] = {"text/csv": {"schema": _TEXT}}
    alone = entries[0].alone
    examples = _examples(entries[0]) if alone else None
    schema = ref(requests[0]) if alone else {"anyOf": list(map(ref, requests))}
    paths = {
        "/ping": {"get": _ping()},
        "/invocations": post(
            _TAG,
            "invocations",
            "Predict by a table, by rows or by columns",
            body={**json_content(schema, examples), **csv},
            answer=json_content(obj({"predictions": {}})),
            error=_ERROR,
            parameters=() if alone else [_target(entries)],
        ),
    }
    schemas = {name: _request(entry) for name, entry in zip(requests, entries, strict=True)}
    error = obj({"error_code": _TEXT, "message": _TEXT})
    return Part(tag=_TAG, paths=paths, schemas={_ERROR: error, **schemas})


def _target(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        "name": "X-Amzn-SageMaker-Target-Model",
        "in": "header",
        "required": True,
        "description": "Which of the models",
        "schema": {"enum": [entry.name for entry in entries]},
    }


def _ping() -> dict[str, Any]:
    found: dict[str, Any] = get(_TAG, "ping", "Whether the model is loaded", {}, _ERROR)["get"]
    found["responses"]["200"] = {"description": "The model is loaded"}
    return found


def _request(entry: Entry) -> Schema:
    """Exactly one of the four forms."""
    columns = column_schemas(entry)
    record = obj(columns)
    row: Schema = {"type": "array", "minItems": len(columns), "maxItems": len(columns)}
    names = {"type": "array", "items": {"enum": list(columns)}, "uniqueItems": True}
    split = obj(
        {"columns": names, "index": {"type": "array"}, "data": {"type": "array", "items": row}},
        optional=("index",),
    )
    anything: Schema = {"type": ["array", "object"]}
    return {
        "oneOf": [
            obj({"dataframe_split": split}),
            obj({"dataframe_records": {"type": "array", "items": record, "minItems": 1}}),
            obj({"instances": {"type": "array", "minItems": 1}}),
            obj({"inputs": anything}),
        ]
    }


def _examples(entry: Entry) -> dict[str, Any]:
    return {
        f"golden-{number}": {"dataframe_records": rows}
        for number, rows in enumerate(records(entry), start=1)
    }
