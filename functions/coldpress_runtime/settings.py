"""The function's settings: the environment, read once into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Settings", "asks_for_plain_http"]

# Lambda gives one vCPU for each 1,769 MB of memory, and six at most.
_MEGABYTES_PER_CPU = 1769
_MOST_CPUS = 6
# Beyond these a setting is a slip: 15 minutes is Lambda's longest run.
_MOST_THREADS = 256
_MOST_SECONDS = 900
_MOST_BYTES = 10**15
_DIGITS = 18


class Settings(NamedTuple):
    """What the function is told from outside; docs/function-settings.md lists every variable.

    Attributes:
        model_uri: ``MODEL_URI``, unparsed; empty if it is not set.
        threads: ``COLDPRESS_THREADS``: threads that one operator may use.
        fetch_seconds: ``COLDPRESS_FETCH_SECONDS``: how long one read from the store may take,
            retries included.
        init_seconds: ``COLDPRESS_INIT_SECONDS``: how long the INIT phase waits for the model before
            it leaves the rest to the first request.
        max_body_bytes: ``COLDPRESS_MAX_BODY_BYTES``: largest request body, inclusive.
        max_response_bytes: ``COLDPRESS_MAX_RESPONSE_BYTES``: largest response body, inclusive.
        max_model_bytes: ``COLDPRESS_MAX_MODEL_BYTES``: largest unpacked model, inclusive.
        metrics_namespace: ``POWERTOOLS_METRICS_NAMESPACE``: CloudWatch namespace of the metrics.
        plain_http: Whether ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` asks for plain HTTP, as
            a server for tests does.
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
    metrics_namespace: str
    plain_http: bool
    problems: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; what can't be read becomes a default and a problem."""
        reader = _Reader(environment)
        memory = reader.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _MEGABYTES_PER_CPU, _MOST_BYTES)
        return cls(
            model_uri=reader.text("MODEL_URI"),
            threads=reader.number("COLDPRESS_THREADS", _threads(memory), _MOST_THREADS),
            fetch_seconds=reader.number("COLDPRESS_FETCH_SECONDS", 20, _MOST_SECONDS),
            init_seconds=reader.number("COLDPRESS_INIT_SECONDS", 8, _MOST_SECONDS),
            max_body_bytes=reader.number("COLDPRESS_MAX_BODY_BYTES", 6 * 1024**2, _MOST_BYTES),
            max_response_bytes=reader.number(
                "COLDPRESS_MAX_RESPONSE_BYTES", 6_000_000, _MOST_BYTES
            ),
            max_model_bytes=reader.number("COLDPRESS_MAX_MODEL_BYTES", 4 * 1024**3, _MOST_BYTES),
            metrics_namespace=environment.get("POWERTOOLS_METRICS_NAMESPACE") or "Coldpress",
            plain_http=asks_for_plain_http(environment),
            problems=tuple(reader.problems),
        )


def asks_for_plain_http(environment: Mapping[str, str]) -> bool:
    """Whether the S3 endpoint in an environment is a plain ``http://`` one."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    endpoints = [environment[name] for name in names if environment.get(name)]
    return bool(endpoints) and endpoints[0].startswith("http://")


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

    def number(self, name: str, default: int, most: int) -> int:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        # The length stands first, since int() refuses thousands of digits.
        if len(text) <= _DIGITS and text.isascii() and text.isdigit() and 0 < int(text) <= most:
            return int(text)
        self.problems.append(f"{name} must be a whole number from 1 to {most:,}, not {text!r:.40}")
        return default


def _threads(megabytes: int) -> int:
    return max(1, min(_MOST_CPUS, round(megabytes / _MEGABYTES_PER_CPU)))
