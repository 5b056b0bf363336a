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

from coldpress_runtime import headroom
from coldpress_runtime.deferral import Deferral
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings

_settings = Settings.from_environment(os.environ)
_models = ModelHolder(_settings)
_models.begin()

# These take most of a cold start, and the fetch runs beside them.
with Deferral():
    headroom.load("coldpress_runtime.answering")

from coldpress_runtime import snapshot
from coldpress_runtime.answering import Answering
from coldpress_runtime.dialects import open_inference
from coldpress_runtime.errors import ModelUnavailable, RuntimeFault
from coldpress_runtime.telemetry import Telemetry

__all__ = ["handler"]

_telemetry = Telemetry(_settings)
_answering = Answering(_settings, _models, _telemetry)
# Whether this container starts before anybody asks it.
_AHEAD = _settings.initialization in ("provisioned-concurrency", "snap-start")


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own interface
    """Answer one event.

    Args:
        event: What an API, a function URL or a load balancer sends, or an inference request.
        context: Lambda's context; the request id and the remaining time are read.

    Returns:
        What the event's source expects: a proxy response, or the inference response itself.
    """
    return _answering.answer(event, context)


def _load() -> None:
    """Open the model within INIT; what goes wrong is logged, and tried again by a request."""
    # On demand, Lambda ends INIT after 10 s; ahead of requests, after minutes.
    left = None if _AHEAD else max(0.0, _settings.init_seconds - (time.monotonic() - _began))
    try:
        _models.get(seconds=left)
    except ModelUnavailable as error:
        _telemetry.failure(f"no model after INIT: {error}", error)


def _rehearse() -> None:
    """Answer a request of zeros, so that no caller's is the first; they may not fit the model."""
    try:
        open_inference.rehearse(_answering.serving(seconds=0))
    except RuntimeFault:
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the function can answer without
        _telemetry.failure(f"the rehearsal failed: {error}", error)


def _before_snapshot() -> None:
    """A snapshot without its model would be of no use: an error fails the deployment."""
    _models.get()
    _rehearse()


def _after_restore() -> None:
    """A copy of the snapshot starts: its models were loaded, and its channels read, long before."""
    _telemetry.renew(_models.loaded)
    _models.renew()


# Everything is open by now, or on its way; what follows is the rest of INIT.
_load()
if _settings.initialization == "provisioned-concurrency":
    _rehearse()  # on demand, the first caller would wait for this and for their own
snapshot.register(_settings.initialization, before=_before_snapshot, after=_after_restore)
gc.freeze()
gc.enable()
