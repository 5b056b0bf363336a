"""Application Load Balancers, with headers of one value or of several; the answer is in kind.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from coldpress_runtime.exchange import Request, Response, Source

from .proxy import body_of, headers_of, render_proxy, sent_bytes, text_of, without_prefix

__all__ = ["ANSWER_BYTES", "parse", "render", "sent_bytes"]

# A megabyte for the whole of the function's answer, less what status and headers take.
ANSWER_BYTES = 1_000_000 - 8_192


def parse(event: dict[str, Any], base_path: str = "") -> Request:
    """Read an event; see `Front`."""
    headers = headers_of(event.get("multiValueHeaders")) | headers_of(event.get("headers"))
    return Request(
        source=Source.LOAD_BALANCER,
        method=text_of(event, "httpMethod").upper(),
        path=without_prefix(text_of(event, "path"), base_path),
        headers=headers,
        body=body_of(event),
    )


def render(event: dict[str, Any], response: Response) -> dict[str, Any]:
    """The handler's return value; see `Front`."""
    answer = render_proxy(response)
    # A load balancer wants the reason phrase, and its setting for headers decides which it reads.
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    answer["statusDescription"] = status
    if isinstance(event.get("multiValueHeaders"), dict):
        headers = answer.pop("headers")
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    return answer
