"""How long one row takes, through the original and through the runtime's session, by turns."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

from coldpress.exporters import Reference
from coldpress.onnx_file import least_rows
from coldpress.record import Latency
from coldpress_runtime.session import ModelSession

__all__ = ["compare_latency", "median_ms"]

_CALLS = 200
_SECONDS = 1.0
_LEAST = 3


def compare_latency(reference: Reference, session: ModelSession) -> Latency | None:
    """Time the first row of the sample; None where the original can't be timed.

    Args:
        reference: The sample and the original.
        session: The model.
    """
    original = reference.timed
    if original is None:
        return None
    size = least_rows(session.inputs)
    row = {name: array[:size] for name, array in reference.rows.tensors.items()}
    first, second = median_ms(original, lambda: session.run(row))
    return Latency(
        original_ms=first[0],
        export_ms=second[0],
        calls=first[1],
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
    )


def median_ms(*calls: Callable[[], object]) -> list[tuple[float, int]]:
    """Median time of each call in milliseconds, and of how many: all are made by turns.

    Ends after 200 rounds, or after a second, but not before the third round.
    """
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    end = time.perf_counter() + _SECONDS
    while len(times[0]) < _CALLS and (len(times[0]) < _LEAST or time.perf_counter() < end):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append((time.perf_counter() - start) * 1000)
    return [(statistics.median(taken), len(taken)) for taken in times]
