"""API Gateway's REST APIs: payload format 1.0.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

from typing import Any

from coldpress_runtime.exchange import Request, Response, Source

from .proxy import ANSWER_BYTES, body_of, headers_of, path_of, render_proxy, sent_bytes, text_of

__all__ = ["ANSWER_BYTES", "parse", "render", "sent_bytes"]


def parse(event: dict[str, Any], base_path: str = "") -> Request:
    """Read an event; see `Front`."""
    headers = headers_of(event.get("multiValueHeaders")) | headers_of(event.get("headers"))
    return Request(
        source=Source.REST_API,
        method=text_of(event, "httpMethod").upper(),
        path=path_of(
            text_of(event, "path"),
            base_path,
            template=event.get("resource"),
            parameters=event.get("pathParameters"),
        ),
        headers=headers,
        body=body_of(event),
    )


def render(_event: object, response: Response) -> dict[str, Any]:
    """The handler's return value; see `Front`."""
    return render_proxy(response)
