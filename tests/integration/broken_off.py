"""A deployment tool that dies at a step of its work, which the server notices no more than AWS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from subprocess import Popen
from threading import Event
from typing import Any
from unittest.mock import patch

__all__ = ["killing_at"]

_SECONDS = 60


@contextmanager
def killing_at(owner: type, method: str) -> Iterator[Future[Popen[str]]]:
    """Kill a process when the moto server is called, and let what it asked for happen all the same.

    Args:
        owner: One of moto's backends.
        method: The method whose first call is the step.

    Yields:
        To be given the process.
    """
    real, victim, done = getattr(owner, method), Future[Popen[str]](), Event()

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        process = victim.result(timeout=_SECONDS)
        process.kill()
        process.wait(timeout=_SECONDS)
        try:
            return real(self, *arguments, **named)
        finally:
            done.set()

    with patch.object(owner, method, call):
        yield victim
        assert done.wait(timeout=_SECONDS), "the step did not come"
