"""The function's settings: the environment, read once into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Settings"]

# Lambda gives one vCPU for each 1,769 MB of memory, and six at most.
_MEGABYTES_PER_CPU = 1769
_MOST_CPUS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the function is told from outside; docs/function-settings.md lists every variable.

    Attributes:
        model_uri: ``MODEL_URI``, unparsed; empty if it is not set.
        threads: ``COLDPRESS_THREADS``: threads that one operator may use.
        fetch_seconds: ``COLDPRESS_FETCH_SECONDS``: how long to try to fetch the model, retries
            included.
        init_seconds: ``COLDPRESS_INIT_SECONDS``: how long the INIT phase waits for the model before
            it leaves the rest to the first request.
        max_body_bytes: ``COLDPRESS_MAX_BODY_BYTES``: largest request body, inclusive.
        max_response_bytes: ``COLDPRESS_MAX_RESPONSE_BYTES``: largest response body, inclusive.
        max_model_bytes: ``COLDPRESS_MAX_MODEL_BYTES``: largest unpacked model, inclusive.
        problems: What is wrong with the variables that could not be read; one sentence each. A
            function with problems answers 503 and logs them, rather than crash in a loop.
    """

    model_uri: str
    threads: int
    fetch_seconds: int
    init_seconds: int
    max_body_bytes: int
    max_response_bytes: int
    max_model_bytes: int
    problems: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; what can't be read becomes a default and a problem."""
        reader = _Reader(environment)
        memory = reader.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _MEGABYTES_PER_CPU)
        return cls(
            model_uri=reader.text("MODEL_URI"),
            threads=reader.number("COLDPRESS_THREADS", _threads(memory)),
            fetch_seconds=reader.number("COLDPRESS_FETCH_SECONDS", 20),
            init_seconds=reader.number("COLDPRESS_INIT_SECONDS", 8),
            max_body_bytes=reader.number("COLDPRESS_MAX_BODY_BYTES", 6 * 1024 * 1024),
            max_response_bytes=reader.number("COLDPRESS_MAX_RESPONSE_BYTES", 6_000_000),
            max_model_bytes=reader.number("COLDPRESS_MAX_MODEL_BYTES", 4 * 1024**3),
            problems=tuple(reader.problems),
        )


class _Reader:
    """Reads variables, and keeps what was wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set")
        return value

    def number(self, name: str, default: int) -> int:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and int(text[:18]) > 0):
            self.problems.append(f"{name} must be a whole number above 0, not {text!r:.40}")
            return default
        return int(text[:18])


def _threads(megabytes: int) -> int:
    return max(1, min(_MOST_CPUS, round(megabytes / _MEGABYTES_PER_CPU)))
