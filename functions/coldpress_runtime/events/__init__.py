"""Lambda events to one Request, and a Response back in the shape that the event's source expects.

Each source has a module of its own, imported with its first event: API Gateway's REST APIs (payload
1.0), its HTTP APIs and function URLs (payload 2.0), load balancers, and direct invocations, whose
event is the inference request itself.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from coldpress_runtime.exchange import Request, Response, Source

__all__ = ["Front", "Intake", "front_of", "source_of"]


class Intake(Protocol):
    """How an event becomes a request.

    Attributes:
        ANSWER_BYTES: Largest body of an answer; Lambda's own limit is 6 MB.
    """

    ANSWER_BYTES: int

    def parse(self, event: Any, base_path: str = "") -> Request:  # noqa: ANN401 - any JSON value
        """Read an event.

        Args:
            event: What Lambda handed over.
            base_path: Leading part of the path that is none of the function's, such as the base
                path of a custom domain; with a leading slash and no final one, or empty.

        Raises:
            RequestError: The event is malformed, such as by a body that is no base64.
        """

    def sent_bytes(self, response: Response) -> int:
        """At most how many bytes a body takes once Lambda's runtime has written it as JSON."""


class Front(Intake, Protocol):
    """What stands between a caller and the function: how its events are read and answered."""

    def render(self, event: Any, response: Response) -> dict[str, Any]:  # noqa: ANN401 - as above
        """What the handler returns for an event."""


def source_of(event: object) -> Source:
    """What sent an event; anything without a front's marks counts as a direct invocation."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(event, dict) and isinstance(context, dict):
        if event.get("version") == "2.0":
            return Source.HTTP_API
        if "elb" in context:
            return Source.LOAD_BALANCER
        if "httpMethod" in event:
            return Source.REST_API
    return Source.DIRECT


@cache
def front_of(source: Source) -> Front:
    """The module that reads and answers what a source sends."""
    return cast("Front", import_module(f"{__name__}.{source.value}"))
