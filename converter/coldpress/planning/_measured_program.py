"""A function's life step by step, each timed; a script that `coldpress.planning.measuring` starts.

The steps are those of `functions/predict.py`, one after the other where that overlaps them.
"""

from __future__ import annotations

import time

_began = time.monotonic()

# ruff: noqa: E402 - the clock comes first, as it does in the function
import gc
import json
import math
import os
import resource
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldpress_runtime import headroom
from coldpress_runtime.deferral import Deferral
from coldpress_runtime.errors import RuntimeFault
from coldpress_runtime.models import LoadedModel, ModelHolder
from coldpress_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldpress_runtime.answering import Answering
    from coldpress_runtime.session import Tensors

    _Call = Callable[[], object]

_CALLS = 300
_SECONDS = 1.0
_LEAST = 5
_P95 = 0.95
_REFUSED = 400
_STATUS = Path("/proc/self/status")


class _Held(ModelHolder):
    """A holder whose one model is there already."""

    def __init__(self, settings: Settings, model: LoadedModel) -> None:
        super().__init__(settings)
        self._model = model

    def get(self, name: str = "", *, seconds: float | None = None) -> LoadedModel:  # noqa: ARG002
        """The model; see `ModelHolder.get`."""
        return self._model


class _Refused(Exception):
    """The function answered a request with an error."""


def main(report: str, job: str, spawned: str) -> None:
    """Live a function's life and write down what its steps took."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        found = _lived(Path(job))
    except (RuntimeFault, _Refused) as error:
        found = {"error": str(error)}
    found["start"] = (_began - float(spawned)) * 1000
    Path(report).write_text(json.dumps(found), encoding="utf-8")


def _lived(job: Path) -> dict[str, Any]:
    settings = Settings.from_environment(os.environ)
    if settings.problems:
        return {"settings": "; ".join(settings.problems)}
    with Deferral():
        headroom.load("coldpress_runtime.answering")
    imported = time.monotonic()
    model, unpacked = _loaded(settings)
    opened = time.monotonic()
    if model.note:  # its weights fill memory, which they would not do on Lambda
        return {"place": model.note}
    loaded_bytes = _most_bytes()
    gc.freeze()
    gc.enable()
    # Read no sooner: what it takes is no part of the function's start.
    events = json.loads(job.read_bytes())
    return {
        "threads": settings.session.threads,
        "imports": (imported - _began) * 1000,
        "unpack": (unpacked - imported) * 1000,
        "open": (opened - unpacked) * 1000,
        "loaded_bytes": loaded_bytes,
        **_asked(settings, model, events),
        "peak_bytes": _most_bytes(),
    }


def _loaded(settings: Settings) -> tuple[LoadedModel, float]:
    """The model, and when its files were there, checked and decompressed."""
    from coldpress_runtime.fetching import fetch  # noqa: PLC0415 - as the fetch's own thread does
    from coldpress_runtime.loading import opened  # noqa: PLC0415 - as above

    artifact = fetch(settings.models[0], settings.fetch)
    unpacked = time.monotonic()
    return opened(artifact, unpacked, settings.session), unpacked


def _asked(settings: Settings, model: LoadedModel, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the first request took, and the warm ones."""
    from coldpress_runtime.answering import Answering  # noqa: PLC0415 - imported long since
    from coldpress_runtime.telemetry import Telemetry  # noqa: PLC0415 - as above

    answering = Answering(settings, _Held(settings, model), Telemetry(settings))
    tensors, events = _requests(settings, model, events)
    runs: list[_Call] = [partial(model.session.run, row) for row in tensors]
    asks: list[_Call] = [partial(_answer, answering, event) for event in events]
    began = time.monotonic()
    (asks or runs)[0]()
    first = (time.monotonic() - began) * 1000
    run, request = _by_turns(runs, asks) if asks else _by_turns(runs) * 2
    # What is too large for JSON is sent as bytes.
    sizes = [len(event["body"].encode()) for event in events] or [
        sum(tensor.nbytes for tensor in row.values()) for row in tensors
    ]
    return {
        "whole": bool(asks),
        "body_bytes": sizes,
        "first": first,
        "calls": len(run),
        "run": statistics.median(run),
        "run_p95": _p95(run),
        "request": statistics.median(request),
        "request_p95": _p95(request),
    }


def _requests(
    settings: Settings, model: LoadedModel, events: list[dict[str, Any]]
) -> tuple[list[Tensors], list[dict[str, Any]]]:
    """Rows for the session, and the same as events; no events where JSON has no room for a row.

    Args:
        settings: The function's.
        model: Its model.
        events: Events whose bodies are to be asked; one without a body asks for zeros.
    """
    from coldpress_runtime.dialects.open_inference_json import example  # noqa: PLC0415 - numpy
    from coldpress_runtime.golden_check import tensors_of  # noqa: PLC0415 - as above

    most = settings.limits.body_bytes
    for event in events:
        if not event["body"]:
            event["body"] = (example(model.manifest.signature, most_bytes=most) or b"").decode()
    bodies = [event["body"] for event in events]
    if not all(bodies):
        return [_zero_tensors(model)], []
    # The session has no limits of its own, and a body that is too large is not asked.
    limits = settings.limits._replace(elements=sys.maxsize, values=sys.maxsize)
    tensors = [tensors_of(json.loads(body), limits) for body in bodies]
    return tensors, events if max(map(len, bodies)) <= most else []


def _zero_tensors(model: LoadedModel) -> Tensors:
    import numpy as np  # noqa: PLC0415 - imported when the function would

    from coldpress_runtime.session import DTYPES  # noqa: PLC0415 - as above

    return {
        spec.name: np.zeros([1 if size < 0 else size for size in spec.shape], DTYPES[spec.datatype])
        for spec in model.manifest.signature.inputs
    }


def _answer(answering: Answering, event: dict[str, Any]) -> None:
    response = answering.answer(event, None)
    if response["statusCode"] >= _REFUSED:
        raise _Refused(json.loads(response["body"]).get("error", response["body"]))


def _by_turns(*kinds: list[_Call]) -> list[list[float]]:
    """Milliseconds of each call, of all kinds by turns, and of each kind over its rows in turn."""
    taken: list[list[float]] = [[] for _ in kinds]
    end = time.monotonic() + _SECONDS
    for turn in range(_CALLS):
        if turn >= _LEAST and time.monotonic() > end:
            break
        for times, calls in zip(taken, kinds, strict=True):
            start = time.perf_counter()
            calls[turn % len(calls)]()
            times.append((time.perf_counter() - start) * 1000)
    return taken


def _p95(times: list[float]) -> float:
    """The least time that 95 in 100 calls do not exceed."""
    return sorted(times)[math.ceil(_P95 * len(times)) - 1]


def _most_bytes() -> int:
    """The most memory that this program held so far, files that it maps included."""
    # What getrusage says begins, on Linux, with what the parent held.
    if _STATUS.exists():
        for line in _STATUS.read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
