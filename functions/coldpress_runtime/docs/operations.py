"""What the operations of every protocol share: bodies, answers, and refusals by status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from coldpress_runtime.exchange import JSON

from .catalogue import Entry
from .schemas import Schema, ref

__all__ = ["REFUSALS", "Part", "get", "json_content", "of_version", "post"]

# What each refusal means; the statuses are those of `coldpress_runtime.answering`.
REFUSALS = {
    400: "The request is not one that the model can answer; the sentence says why",
    404: "There is no such path, model or version",
    405: "The path does not answer this method",
    413: "The request, or its answer, is larger than the limit",
    415: "The body's content type or encoding is none that the function reads",
    500: "The prediction failed; the function's log has the cause",
    503: "The model is not available at the moment; try again later",
    504: "The model takes longer than there is time left",
}
_OF_GET = (404, 405, 503)


class Part(NamedTuple):
    """What a protocol adds to the document.

    Attributes:
        tag: The protocol's name.
        paths: Path items by path.
        schemas: Component schemas by name.
    """

    tag: str
    paths: dict[str, dict[str, Any]]
    schemas: dict[str, Schema]


def json_content(schema: Schema, examples: dict[str, Any] | None = None) -> dict[str, Any]:
    """A body of JSON.

    Args:
        schema: What it is.
        examples: Example bodies by name.
    """
    media: dict[str, Any] = {"schema": schema}
    if examples:
        media["examples"] = {name: {"value": body} for name, body in examples.items()}
    return {JSON: media}


def get(tag: str, operation: str, summary: str, schema: Schema, error: str) -> dict[str, Any]:
    """The path item of what is only read.

    Args:
        tag: The protocol's name.
        operation: A name that no other operation has.
        summary: What it gives, in a few words.
        schema: What the answer is.
        error: The component that a refusal is.
    """
    found = {
        "tags": [tag],
        "operationId": operation,
        "summary": summary,
        "responses": _responses(
            {"description": summary, "content": json_content(schema)}, error, _OF_GET
        ),
    }
    return {"get": found}


def post(  # noqa: PLR0913 - one keyword a part of the operation
    tag: str,
    operation: str,
    summary: str,
    *,
    body: dict[str, Any],
    answer: dict[str, Any],
    error: str,
    parameters: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The path item of a prediction.

    Args:
        tag: The protocol's name.
        operation: A name that no other operation has.
        summary: What it does, in a few words.
        body: The request's content by media type.
        answer: The answer's content by media type.
        error: The component that a refusal is.
        parameters: What else the request has.
    """
    found = {
        "tags": [tag],
        "operationId": operation,
        "summary": summary,
        "parameters": list(parameters),
        "requestBody": {"required": True, "content": body},
        "responses": _responses(
            {"description": "The prediction", "content": answer}, error, REFUSALS
        ),
    }
    return {"post": found}


def of_version(entry: Entry, paths: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The path items of what is asked of one version: the one that is served."""
    version = {
        "name": "version",
        "in": "path",
        "required": True,
        "description": "The SHA-256 of the model's manifest",
        "schema": {"enum": [entry.version]},
    }
    return {path: {"parameters": [version], **item} for path, item in paths.items()}


def _responses(success: dict[str, Any], error: str, refusals: Iterable[int]) -> dict[str, Any]:
    refused = {
        str(status): {"description": REFUSALS[status], "content": json_content(ref(error))}
        for status in refusals
    }
    return {"200": success, **refused}
