"""A request and the answer to it, whatever front brought it and whatever dialect reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["JSON", "Request", "Response", "Source"]

JSON = "application/json"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Source(Enum):
    """What sent an event; the value is the module of `coldpress_runtime.events` that reads it."""

    REST_API = "rest_api"
    HTTP_API = "http_api"
    LOAD_BALANCER = "load_balancer"
    DIRECT = "direct"


class Request(NamedTuple):
    """One request, whatever brought it.

    Attributes:
        source: What sent it.
        method: HTTP method in upper case.
        path: Path without the API's stage and the base path.
        headers: Values by lower-case name.
        body: The body's bytes, base64 and content encoding undone; for a direct invocation, the
            event as JSON.
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
        body: Its bytes; UTF-8 for a type of text.
        headers: Further headers, by lower-case name.
        content_type: What the body is; empty if there is none.
        error: What the caller is told, if the status is an error's.
        code: The fault's own code then; see `coldpress_runtime.errors`.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS
    content_type: str = JSON
    error: str | None = None
    code: str = ""

    @property
    def failed(self) -> bool:
        """Whether the status is an error's."""
        return self.status >= 400  # noqa: PLR2004 - HTTP's own boundary

    @property
    def is_text(self) -> bool:
        """Whether the body can be sent as a string, rather than as base64."""
        kind = self.content_type
        return "content-encoding" not in self.headers and (
            kind == JSON or kind.startswith("text/") or not self.body
        )
