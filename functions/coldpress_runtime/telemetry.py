"""Structured logs and metrics, through Powertools: one log line and one metrics line a request."""

from __future__ import annotations

import sys
from io import TextIOBase
from threading import Lock
from typing import IO, Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from .errors import RuntimeFault
from .models import LoadedModel

__all__ = ["Telemetry"]


class _StandardOutput(TextIOBase):
    """Whatever standard output is when a line is written, so that a caller can redirect it."""

    def write(self, text: str, /) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


class Telemetry:
    """Says what happened to each request.

    Service and log level come from Powertools' own environment variables.

    Args:
        namespace: CloudWatch namespace of the metrics.
    """

    def __init__(self, namespace: str) -> None:
        self._logger = Logger(stream=cast("IO[str]", _StandardOutput()))
        # Switched off, Powertools would still keep what it is given, and warn.
        self._counting = not is_metrics_disabled()
        self._metrics = Metrics(namespace=namespace)
        self._cold = True
        self._load_counted = False
        # Powertools collects metrics in one place, and requests may run side by side.
        self._lock = Lock()

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
        error: str | None,
        model: LoadedModel | None,
    ) -> None:
        """Log a request and count it.

        Args:
            request_id: Lambda's id of the invocation.
            method: HTTP method.
            path: Path without the stage.
            status: HTTP status of the answer.
            latency_ms: Milliseconds in the handler.
            error: The message that the caller got, if it is an error.
            model: The model, if one is loaded.
        """
        fields: dict[str, Any] = {
            "function_request_id": request_id,
            "method": method,
            "path": path,
            "status": status,
            "latency_ms": round(latency_ms, 3),
        }
        if model is not None:
            fields |= {"model": model.manifest.name, "model_version": model.version}
        if error is not None:
            fields["error"] = error
        with self._lock:
            cold, self._cold = self._cold, False
            self._logger.info("request", extra={**fields, "cold_start": cold})
            if self._counting:
                self._count(status, latency_ms, cold=cold, model=model)

    def _count(
        self, status: int, latency_ms: float, *, cold: bool, model: LoadedModel | None
    ) -> None:
        metrics = self._metrics
        metrics.add_metric("Latency", MetricUnit.Milliseconds, latency_ms)
        metrics.add_metric(f"Status{status // 100}xx", MetricUnit.Count, 1)
        if cold:
            metrics.add_metric("ColdStart", MetricUnit.Count, 1)
        if model is not None and not self._load_counted:
            metrics.add_metric("ModelLoadTime", MetricUnit.Milliseconds, model.load_ms)
            self._load_counted = True
        metrics.flush_metrics()
