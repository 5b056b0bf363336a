"""The HTTP handler, the hot path: an event in, a prediction out.

The order of the first lines is the cold start: the artifact is on its way before numpy and
onnxruntime are imported, and the session is opened last.
"""

from __future__ import annotations

import gc
import os
import time

_began = time.monotonic()
# INIT makes what stays: looking for garbage in it is a twentieth of a cold start for nothing.
gc.disable()
# numpy's BLAS, which inference never calls, would start a busy thread for each vCPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# ruff: noqa: E402 - the first lines come first
from typing import Any

from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings

_settings = Settings.from_environment(os.environ)
_models = ModelHolder(_settings)
_models.begin()

# These take most of a cold start, and the fetch runs beside them.
from coldpress_runtime import errors, snapshot
from coldpress_runtime.dialects import open_inference
from coldpress_runtime.events import (
    Request,
    Response,
    parse_event,
    render_response,
    sent_bytes,
    source_of,
)
from coldpress_runtime.serving import Serving
from coldpress_runtime.telemetry import Telemetry

__all__ = ["handler"]

_telemetry = Telemetry(_settings)

# The most particular class of an error decides; subclasses stand before their bases.
STATUS: dict[type[errors.RuntimeFault], int] = {
    errors.UnsupportedMedia: 415,
    errors.PayloadTooLarge: 413,
    errors.RequestError: 400,
    errors.UnknownRoute: 404,
    errors.UnknownModel: 404,
    errors.MethodNotAllowed: 405,
    errors.ModelUnavailable: 503,
}
_UNFORESEEN = 500
# Whether this container starts before anybody asks it.
_AHEAD = _settings.initialization in ("provisioned-concurrency", "snap-start")
_MARGIN_SECONDS = 0.5
_DEFAULT_SECONDS = 60.0
_INTERNAL = "the prediction failed; the function's log has the cause under request id "


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own interface
    """Answer one event.

    Args:
        event: An API Gateway REST or HTTP API event, or an inference request.
        context: Lambda's context; the request id and the remaining time are read.

    Returns:
        What the event's source expects: a proxy response, or the inference response itself.
    """
    began = time.perf_counter()
    request_id = str(getattr(context, "aws_request_id", ""))
    source = source_of(event)
    request: Request | None = None
    try:
        request = parse_event(event)
        response = _answer(request, _patience(context))
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
        response = _refusal(error, request_id)
    _report(request, response, request_id, began)
    return render_response(source, response)


def _answer(request: Request, seconds: float) -> Response:
    _check_body(request)
    body = open_inference.answer(request, Serving(models=_models, seconds=seconds))
    if (size := sent_bytes(request.source, body)) > _settings.max_response_bytes:
        raise errors.PayloadTooLarge(
            f"the answer has {size:,} bytes and at most {_settings.max_response_bytes:,} "
            "can be sent; ask for fewer rows or name the outputs that you need"
        )
    return Response(status=200, body=body)


def _check_body(request: Request) -> None:
    if len(request.body) > _settings.max_body_bytes:
        raise errors.PayloadTooLarge(
            f"the body has {len(request.body):,} bytes; the limit is {_settings.max_body_bytes:,}"
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() not in ("identity", ""):
        raise errors.UnsupportedMedia(
            f"content-encoding '{encoding:.32}' is not read; send it plain"
        )


def _refusal(error: Exception, request_id: str) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), _UNFORESEEN)
    headers: dict[str, str] = {}
    # Halves of surrogate pairs, which JSON can spell, fit into no answer and no log line.
    message = str(error).encode(errors="replace").decode()
    if isinstance(error, errors.MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    elif isinstance(error, errors.ModelUnavailable):
        _telemetry.failure(message, error, request_id=request_id)
        headers["retry-after"] = str(error.retry_after)
        message = "the model is not available at the moment; try again later"
    elif status == _UNFORESEEN:
        _telemetry.failure(message, error, request_id=request_id)
        message = f"{_INTERNAL}{request_id}"
    body = open_inference.render_error(message)
    return Response(status=status, body=body, headers=headers, error=message)


def _patience(context: Any) -> float:  # noqa: ANN401 - Lambda's own interface
    """Seconds that may pass before the answer has to be under way."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return max(0.0, remaining() / 1000 - _MARGIN_SECONDS) if remaining else _DEFAULT_SECONDS


def _report(request: Request | None, response: Response, request_id: str, began: float) -> None:
    _telemetry.answered(
        request_id=request_id,
        method=request.method if request else "",
        path=request.path if request else "",
        status=response.status,
        latency_ms=(time.perf_counter() - began) * 1000,
        error=response.error,
        model=_models.loaded,
    )


def _load() -> None:
    """Open the model within INIT; what goes wrong is logged, and tried again by a request."""
    # On demand, Lambda ends INIT after 10 s; ahead of requests, after minutes.
    left = None if _AHEAD else max(0.0, _settings.init_seconds - (time.monotonic() - _began))
    try:
        _models.get(seconds=left)
    except errors.ModelUnavailable as error:
        _telemetry.failure(f"no model after INIT: {error}", error)


def _rehearse() -> None:
    """Answer a request of zeros, so that no caller's is the first; they may not fit the model."""
    try:
        serving = Serving(models=_models, seconds=0)
        open_inference.rehearse(serving, most_bytes=_settings.max_body_bytes)
    except errors.RuntimeFault:
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the function can answer without
        _telemetry.failure(f"the rehearsal failed: {error}", error)


def _before_snapshot() -> None:
    """A snapshot without its model would be of no use: an error fails the deployment."""
    _models.get()
    _rehearse()


# Everything is open by now, or on its way; what follows is the rest of INIT.
_load()
if _settings.initialization == "provisioned-concurrency":
    _rehearse()  # on demand, the first caller would wait for this and for their own
snapshot.register(_settings.initialization, before=_before_snapshot, after=_telemetry.renew)
gc.freeze()
gc.enable()
