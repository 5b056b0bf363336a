"""One module for each wire protocol, imported with the first request that speaks it.

A path's first segment says which protocol it is; what no protocol knows is answered as the Open
Inference Protocol would.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Protocol, cast

from coldpress_runtime.exchange import Request, Response
from coldpress_runtime.serving import Serving

__all__ = ["DEFAULT", "DIALECTS", "Dialect", "dialect_of"]

DEFAULT = "open_inference"
# First segment of a path → module.
DIALECTS = {
    "v2": "open_inference",
    "v1": "tensorflow_serving",
    "invocations": "invocations",
    "ping": "invocations",
    "predict": "records",
}


class Dialect(Protocol):
    """A wire protocol: its paths, and what each call answers."""

    def methods(self, path: str) -> tuple[str, ...]:
        """The HTTP methods that a path answers, beside HEAD and OPTIONS.

        Raises:
            UnknownRoute: The path is none of the protocol's.
        """

    def answer(self, request: Request, serving: Serving) -> Response:
        """The answer to a request for one of the protocol's paths, by a method that it answers.

        Raises:
            RuntimeFault: There is no answer; `refusal` says so in the protocol's words.
        """

    def refusal(self, status: int, code: str, message: str) -> bytes:
        """The protocol's error object, as JSON.

        Args:
            status: HTTP status.
            code: The fault's own code; see `coldpress_runtime.errors`.
            message: One sentence for the caller.
        """


def dialect_of(path: str) -> Dialect:
    """The protocol that a path belongs to."""
    segment = path.lstrip("/").partition("/")[0].partition(":")[0]
    return _module(DIALECTS.get(segment, DEFAULT))


@cache
def _module(name: str) -> Dialect:
    return cast("Dialect", import_module(f"{__name__}.{name}"))
