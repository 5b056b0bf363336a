"""What the events of all HTTP fronts share: text, headers and bodies in, a proxy response out."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from coldpress_runtime.errors import RequestError
from coldpress_runtime.exchange import Response

__all__ = [
    "ANSWER_BYTES",
    "body_of",
    "headers_of",
    "path_of",
    "render_proxy",
    "sent_bytes",
    "text_of",
    "without_prefix",
]

# API Gateway hands on 10 MB: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
ANSWER_BYTES = 10_000_000
_QUOTED = (b'"', b"\\")
_GREEDY = "{proxy+}"


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A field of an event that has to be a string.

    Raises:
        RequestError: It is none, or holds halves of surrogate pairs, which JSON can spell, but no
            answer and no log line can carry.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not (value.isascii() or _is_unicode(value)):
        raise RequestError(f"the event's {name} must be a string of Unicode characters")
    return value


def headers_of(headers: object) -> dict[str, str]:
    """Headers by lower-case name, several values joined; what is no header is passed over."""
    if not isinstance(headers, dict):
        return {}
    return {
        str(name).lower(): value if type(value) is str else _joined(value)
        for name, value in headers.items()
        if value is not None
    }


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def body_of(event: Mapping[str, Any]) -> bytes:
    """The body's bytes.

    Raises:
        RequestError: It is no string, or no base64 though the event says so.
    """
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


def path_of(path: str, base_path: str, *, template: object, parameters: object) -> str:
    """The path as the function knows it.

    Args:
        path: The event's, which a custom domain's base path may lead.
        base_path: What else leads it, as the settings say.
        template: The route that the front matched, such as ``/v2/{proxy+}``.
        parameters: What its variables stood for.
    """
    rest = parameters.get("proxy") if isinstance(parameters, dict) else None
    if isinstance(rest, str) and isinstance(template, str) and template.endswith(_GREEDY):
        routed = template.removesuffix(_GREEDY) + rest.removeprefix("/")
        if path.endswith(routed):
            path = routed
    return without_prefix(path, base_path)


def without_prefix(path: str, prefix: str) -> str:
    """The path without a prefix of whole segments; as it is where it has not that prefix."""
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        return path.removeprefix(prefix)
    return path


def render_proxy(response: Response) -> dict[str, Any]:
    """The proxy response that API Gateway, function URLs and load balancers understand."""
    headers = dict(response.headers)
    if response.content_type:
        headers = {"content-type": response.content_type, **headers}
    text = response.is_text
    body = response.body.decode() if text else binascii.b2a_base64(response.body, newline=False)
    return {
        "statusCode": response.status,
        "headers": headers,
        "body": body if isinstance(body, str) else body.decode(),
        "isBase64Encoded": not text,
    }


def sent_bytes(response: Response) -> int:
    """At most how many bytes the body takes as a JSON string, without the marks around it."""
    body = response.body
    if not response.is_text:
        return 4 * ((len(body) + 2) // 3)
    # The runtime of Python 3.11 also writes each non-ASCII character as one or two of \uXXXX.
    escaped = 0 if body.isascii() else 4 * (len(body) - len(body.decode()))
    return len(body) + sum(body.count(mark) for mark in _QUOTED) + escaped


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
