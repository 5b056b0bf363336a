"""API Gateway's HTTP APIs and function URLs: payload format 2.0.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.errors import RequestError
from coldpress_runtime.exchange import Request, Response, Source

from .proxy import (
    ANSWER_BYTES,
    body_of,
    headers_of,
    path_of,
    render_proxy,
    sent_bytes,
    text_of,
    without_prefix,
)

__all__ = ["ANSWER_BYTES", "parse", "render", "sent_bytes"]


def parse(event: dict[str, Any], base_path: str = "") -> Request:
    """Read an event; see `Front`."""
    context = event["requestContext"]
    http = context.get("http")
    if not isinstance(http, dict):
        raise RequestError("the event says it is an HTTP API's but has no http context")
    method, path = text_of(http, "method"), text_of(event, "rawPath")
    stage = context.get("stage")
    if stage != "$default":
        path = without_prefix(path, f"/{stage}")
    return Request(
        source=Source.HTTP_API,
        method=method.upper(),
        path=path_of(
            path,
            base_path,
            template=str(event.get("routeKey")).rpartition(" ")[2],
            parameters=event.get("pathParameters"),
        ),
        headers=headers_of(event.get("headers")),
        body=body_of(event),
    )


def render(_event: object, response: Response) -> dict[str, Any]:
    """The handler's return value; see `Front`."""
    return render_proxy(response)
