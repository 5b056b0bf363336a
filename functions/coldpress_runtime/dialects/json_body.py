"""A JSON body within limits, which every dialect reads its requests from."""

from __future__ import annotations

from typing import Any

import orjson

from coldpress_runtime.errors import RequestError, UnsupportedMedia
from coldpress_runtime.options import Limits

from .json_marks import check_names_once, check_size, marks_of

__all__ = ["check_json_type", "kind_of", "object_of", "parse_json"]

_KINDS: dict[type, str] = {
    bool: "booleans",
    int: "whole numbers",
    float: "floating-point numbers",
    str: "strings",
    list: "lists",
    dict: "objects",
    type(None): "null",
}
# What clients call JSON: its own type, none at all, and what curl, browsers and Triton's client say
# when nobody told them.
_JSON_TYPES = frozenset(
    {
        *("", "application/json", "text/json", "text/plain", "application/octet-stream"),
        "application/x-www-form-urlencoded",
    }
)


def check_json_type(content_type: str, *, beside: str = "") -> None:
    """Whether a body may be JSON, by what its header says.

    Args:
        content_type: The header's value.
        beside: What else is read at this path, for the error.

    Raises:
        UnsupportedMedia: It says that it is something else.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise UnsupportedMedia(
            f"content-type '{content_type:.64}' is not read here; send application/json{beside}"
        )


def parse_json(body: bytes, limits: Limits) -> Any:  # noqa: ANN401 - any JSON value
    """The value that a body holds.

    Raises:
        RequestError: It is not JSON, lists and objects stand deeper within one another than
            `depth` allows, or an object has a name twice.
        PayloadTooLarge: It has more values than the limit.
    """
    marks = marks_of(body)
    check_size(body, marks, limits)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error}{_hint(body)}") from error
    check_names_once(body, marks, document)
    return document


def _hint(body: bytes) -> str:
    """What to send instead of what JSON has no words for, where a body seems to have it."""
    if b"NaN" in body or b"Infinity" in body:
        return "; JSON has neither NaN nor Infinity: send null where a number is missing"
    return ""


def object_of(document: object) -> dict[str, Any]:
    """The document, if it is a JSON object.

    Raises:
        RequestError: It is none.
    """
    if not isinstance(document, dict):
        raise RequestError(f"the request must be a JSON object, not {kind_of(document)}")
    return document


def kind_of(value: object) -> str:
    """What a JSON value is, in the plural that errors use."""
    return _KINDS.get(type(value), type(value).__name__)
