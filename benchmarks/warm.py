"""Warm latency: the handler called in its own process, one row and a thousand."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .environments import Variant
from .processes import python_command
from .stats import percentile, summary
from .workspace import BenchmarkError, Workspace, say

__all__ = ["Worker", "events", "measure", "round_of", "running"]

# Calls in each round, by number of rows.
_CALLS = {1: 100, 1000: 10}
_WARM_UP = 5


class Worker:
    """A process with a handler in it, that times calls when it is asked to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ready(self) -> None:
        """Wait until the handler is imported."""
        self._reply()

    def times(self, event: Path, calls: int, call: str = "handler") -> list[float]:
        """Microseconds of each of some calls.

        Args:
            event: The event's file.
            calls: How many.
            call: ``handler``, or ``run`` or ``predict_proba`` for the model's part alone.
        """
        wanted = {"event": str(event), "calls": calls, "call": call}
        if self._process.stdin is None:
            raise BenchmarkError("a benchmarked process has no standard input")
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        return [nanoseconds / 1000 for nanoseconds in json.loads(self._reply())]

    def _reply(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise BenchmarkError("a benchmarked process ended early")
        return line


@contextmanager
def running(place: Workspace, variant: Variant, common: dict[str, str]) -> Iterator[Worker]:
    """A worker for a variant, until the context ends."""
    driver = str(place.sources / "inside" / "driver.py")
    command = [*python_command(place), driver, "serve", variant.function]
    with subprocess.Popen(
        command,
        cwd=variant.directory,
        env=variant.environment(place, common),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        worker = Worker(process)
        worker.ready()
        yield worker


def events(place: Workspace, sizes: Sequence[int]) -> dict[int, Path]:
    """The sample event with so many rows of the data set, by number of rows."""
    event = json.loads(place.event.read_bytes())
    request = json.loads(event["body"])
    rows = np.load(place.build / "model" / "rows.npy")
    paths = {}
    for size in sizes:
        request["inputs"][0]["shape"] = [size, rows.shape[1]]
        request["inputs"][0]["data"] = np.resize(rows, (size, rows.shape[1])).tolist()
        paths[size] = place.build / "model" / f"event-{size}.json"
        paths[size].write_text(json.dumps({**event, "body": json.dumps(request)}), "utf-8")
    return paths


def round_of(
    workers: dict[str, tuple[Worker, str]], event: Path, calls: int
) -> dict[str, list[float]]:
    """Some calls of each worker, one worker after the other; microseconds by name."""
    times = {}
    for name, (worker, call) in workers.items():
        worker.times(event, _WARM_UP, call)
        times[name] = worker.times(event, calls, call)
    return times


def measure(
    place: Workspace,
    variants: list[Variant],
    floor: Variant,
    common: dict[str, str],
    rounds: int,
) -> dict[str, Any]:
    """Call every variant by turns.

    Returns:
        By number of rows and variant, microseconds: ``p50`` and ``p99`` of all calls, and
        ``medians`` of each round. ``floor`` is orjson, run, orjson; ``run`` is `session.run` alone.
    """
    paths = events(place, list(_CALLS))
    with ExitStack() as stack:
        workers = {
            each.key: (stack.enter_context(running(place, each, common)), "handler")
            for each in [*variants, floor]
        }
        workers["run"] = (workers["floor"][0], "run")
        return {str(rows): _measured(workers, paths[rows], rows, rounds) for rows in _CALLS}


def _measured(
    workers: dict[str, tuple[Worker, str]], event: Path, rows: int, rounds: int
) -> dict[str, Any]:
    calls: dict[str, list[list[float]]] = defaultdict(list)
    for turn in range(rounds):
        say("warm", f"{rows:,} rows, round {turn + 1} of {rounds}")
        for name, times in round_of(workers, event, _CALLS[rows]).items():
            calls[name].append(times)
    return {name: _figures(found) for name, found in calls.items()}


def _figures(found: list[list[float]]) -> dict[str, Any]:
    pooled = [each for times in found for each in times]
    return {
        "p50": round(percentile(pooled, 50), 2),
        "p99": round(percentile(pooled, 99), 2),
        "medians": [round(summary(times).median, 2) for times in found],
    }
