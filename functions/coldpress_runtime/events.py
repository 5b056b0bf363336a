"""Lambda events to one Request, and a Response back in the shape that the event's source expects.

Sources: API Gateway REST API (payload 1.0), HTTP API and function URL (payload 2.0), and a direct
invocation, whose event is the inference request itself.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from .errors import RequestError

__all__ = [
    "Event",
    "Request",
    "Response",
    "Source",
    "parse_event",
    "render_response",
    "sent_bytes",
    "source_of",
]

Event = Mapping[str, Any]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Source(Enum):
    """What sent an event."""

    REST_API = "rest"
    HTTP_API = "http"
    DIRECT = "direct"


class Request(NamedTuple):
    """One request, whatever brought it.

    Attributes:
        source: What sent it.
        method: HTTP method in upper case.
        path: Path without the API's stage.
        headers: Values by lower-case name.
        body: The body's bytes, base64 undone; for a direct invocation, the event as JSON.
    """

    source: Source
    method: str
    path: str
    headers: Mapping[str, str] = _NO_HEADERS
    body: bytes = b""


class Response(NamedTuple):
    """The answer to a request.

    Attributes:
        status: HTTP status.
        body: JSON as UTF-8.
        headers: Further headers; the content type is always JSON's.
        error: What the caller is told, if the status is an error's.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the status is an error's."""
        return self.status >= 400  # noqa: PLR2004 - HTTP's own boundary


def source_of(event: object) -> Source:
    """What sent an event; anything without an API's marks counts as a direct invocation."""
    if isinstance(event, dict) and isinstance(event.get("requestContext"), dict):
        if event.get("version") == "2.0":
            return Source.HTTP_API
        if "httpMethod" in event:
            return Source.REST_API
    return Source.DIRECT


def parse_event(event: Any) -> Request:  # noqa: ANN401 - Lambda hands over any JSON value
    """Read an event.

    Raises:
        RequestError: The event is malformed, such as a body that is no base64 though it says so.
    """
    match source_of(event):
        case Source.HTTP_API:
            return _from_http_api(event)
        case Source.REST_API:
            return _from_rest_api(event)
        case Source.DIRECT:
            return _from_direct(event)


def render_response(source: Source, response: Response) -> dict[str, Any]:
    """The handler's return value.

    For an API it is the proxy response. A direct invocation gets the body itself, with the status
    beside the error where there is one.
    """
    if source is Source.DIRECT:
        document: dict[str, Any] = orjson.loads(response.body)
        return {**document, "status": response.status} if response.failed else document
    return {
        "statusCode": response.status,
        "headers": {"content-type": "application/json", **response.headers},
        "body": response.body.decode(),
        "isBase64Encoded": False,
    }


def sent_bytes(source: Source, body: bytes) -> int:
    """At most how many bytes a body takes once Lambda's runtime has written the answer as JSON.

    An API's answer holds it as a string, with quotes and backslashes escaped. A direct answer is
    written anew: a space follows each comma and colon, and exponents have two digits.
    """
    marks = (b",", b":", b"e") if source is Source.DIRECT else (b'"', b"\\")
    # The runtime of Python 3.11 also writes each non-ASCII character as one or two of \uXXXX.
    escaped = 4 * (len(body) - len(body.decode()))
    return len(body) + sum(body.count(mark) for mark in marks) + escaped


def _from_http_api(event: Event) -> Request:
    context = event["requestContext"]
    http = context.get("http")
    if not isinstance(http, dict):
        raise RequestError("the event says it is an HTTP API's but has no http context")
    method, path = _text(http, "method"), _text(event, "rawPath")
    stage = context.get("stage")
    prefix = f"/{stage}"
    if stage != "$default" and (path == prefix or path.startswith(f"{prefix}/")):
        path = path.removeprefix(prefix)
    return Request(
        source=Source.HTTP_API,
        method=method.upper(),
        path=path,
        headers=_headers(event.get("headers")),
        body=_body(event),
    )


def _from_rest_api(event: Event) -> Request:
    return Request(
        source=Source.REST_API,
        method=_text(event, "httpMethod").upper(),
        path=_text(event, "path"),
        headers=_headers(event.get("multiValueHeaders")) | _headers(event.get("headers")),
        body=_body(event),
    )


def _from_direct(event: object) -> Request:
    if not isinstance(event, dict) or "inputs" not in event:
        raise RequestError(
            "the event is neither an API's nor an inference request; to invoke the function "
            'directly, send {"inputs": [{"name", "shape", "datatype", "data"}]}'
        )
    try:
        body = orjson.dumps(event)
    except TypeError as error:
        raise RequestError(f"the event can't be read as JSON: {error}") from error
    return Request(source=Source.DIRECT, method="POST", path="", body=body)


def _text(fields: Event, name: str) -> str:
    value = fields.get(name)
    # JSON can spell halves of surrogate pairs, which no answer and no log line can carry.
    if not isinstance(value, str) or not (value.isascii() or _is_unicode(value)):
        raise RequestError(f"the event's {name} must be a string of Unicode characters")
    return value


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, dict):
        return {}
    return {
        str(name).lower(): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in headers.items()
        if value is not None
    }


def _body(event: Event) -> bytes:
    body = event.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise RequestError("the event's body must be a string")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except ValueError as error:
        raise RequestError(f"the body is not sound base64: {error}") from error
