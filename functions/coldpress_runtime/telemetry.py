"""Structured logs and metrics: one line a request, which CloudWatch reads as both.

The line is written here, by orjson, since it is paid with every request: Powertools' Logger and
Metrics take ten times as long, and a seventh of a cold start to import. What goes wrong inside the
function is rare, and goes through Powertools' Logger, imported with the first fault. The fields
have Powertools' names; the metrics are in CloudWatch's embedded format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from io import TextIOBase
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, cast

import orjson

from .errors import RuntimeFault
from .models import LoadedModel
from .settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

__all__ = ["Telemetry"]


class Telemetry:
    """Says what happened to each request.

    Args:
        settings: What is logged and counted, and under which names.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._cold = True
        # What CloudWatch is told of the metrics in a line; there are a handful of kinds of lines.
        self._directives: dict[tuple[str, ...], dict[str, Any]] = {}

    def renew(self, loaded: Iterable[LoadedModel]) -> None:
        """Start over after a restore: it is a cold start, but one that loaded no model.

        Args:
            loaded: The models that the snapshot held.
        """
        with self._lock:
            self._cold = True
            for model in loaded:
                model.usage.load_told = True

    def swapped(self, old: LoadedModel, new: LoadedModel) -> None:
        """Log that a channel's new version has taken the place of the one before."""
        if not self._settings.log_information:
            return
        line = {
            "level": "INFO",
            "message": "model swapped",
            "timestamp": datetime.now(UTC),
            "model": new.manifest.name,
            "model_version": new.version,
            "previous_version": old.version,
            "load_ms": round(new.load_ms, 3),
            "service": self._settings.service,
        }
        _write(line)

    def failure(self, message: str, error: Exception, *, request_id: str = "") -> None:
        """Log a fault of the function's, with its code and traceback.

        Args:
            message: What happened.
            error: Why.
            request_id: Lambda's id of the invocation; empty in INIT.
        """
        code = error.code if isinstance(error, RuntimeFault) else "unexpected"
        extra = {"error_code": code, "function_request_id": request_id}
        with self._lock:
            self._logger.error(message, exc_info=error, extra=extra)

    def answered(  # noqa: PLR0913 - one keyword a field of the log line
        self,
        *,
        request_id: str,
        method: str,
        path: str,
        status: int,
        latency_ms: float,
        request_bytes: int,
        response_bytes: int,
        error: str | None,
        cause: str,
        model: LoadedModel | None,
    ) -> None:
        """Log a request and count it.

        Args:
            request_id: Lambda's id of the invocation.
            method: HTTP method.
            path: Path without the stage.
            status: HTTP status of the answer.
            latency_ms: Milliseconds in the handler.
            request_bytes: Size of the body as it came.
            response_bytes: Size of the answer's body.
            error: The message that the caller got, if it is an error.
            cause: What lay behind it, which the caller is not told; empty if nothing did.
            model: The model that answered it, or that it asked for; None if there was none.
        """
        cold, load_ms = self._firsts(model)
        now = datetime.now(UTC)
        line: dict[str, Any] = {}
        if self._settings.log_requests:
            line = {
                "level": "INFO",
                "message": "request",
                "timestamp": now,
                "function_request_id": request_id,
                "method": method,
                "path": path,
                "status": status,
                "latency_ms": round(latency_ms, 3),
                "request_bytes": request_bytes,
                "response_bytes": response_bytes,
                "cold_start": cold,
            }
            if model is not None:
                line |= {"model": model.manifest.name, "model_version": model.version}
                if model.note:
                    line["model_note"] = model.note
            if error is not None:
                line["error"] = error
            if cause:
                line["cause"] = cause
        if self._settings.metrics:
            line |= self._counted(now, status, latency_ms, cold=cold, load_ms=load_ms)
        if line:
            _write({**line, "service": self._settings.service})

    def _firsts(self, model: LoadedModel | None) -> tuple[bool, float | None]:
        """Whether this is the first request, and the load time if it has not been told."""
        with self._lock:
            cold, self._cold = self._cold, False
            if model is None or model.usage.load_told:
                return cold, None
            model.usage.load_told = True
            return cold, model.load_ms

    def _counted(
        self, now: datetime, status: int, latency_ms: float, *, cold: bool, load_ms: float | None
    ) -> dict[str, Any]:
        values = {"Latency": latency_ms, f"Status{status // 100}xx": 1}
        if cold:
            values["ColdStart"] = 1
        if load_ms is not None:
            values["ModelLoadTime"] = load_ms
        names = tuple(values)
        directive = self._directives.get(names)
        if directive is None:
            directive = self._directives[names] = {
                "Namespace": self._settings.metrics_namespace,
                "Dimensions": (("service",),),
                "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names],
            }
        stamp = int(now.timestamp() * 1000)
        return {**values, "_aws": {"Timestamp": stamp, "CloudWatchMetrics": (directive,)}}

    @cached_property
    def _logger(self) -> Logger:
        from aws_lambda_powertools import Logger  # noqa: PLC0415 - a fault's cost, not a start's

        stream = cast("IO[str]", _StandardOutput())
        return Logger(service=self._settings.service, stream=stream, use_rfc3339=True, utc=True)


_UNITS = {"Latency": "Milliseconds", "ModelLoadTime": "Milliseconds"}


class _StandardOutput(TextIOBase):
    """Whatever standard output is when a line is written, so that a caller can redirect it."""

    def write(self, text: str, /) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def _write(line: dict[str, Any]) -> None:
    # One call, so that lines of requests side by side do not mix.
    sys.stdout.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()
