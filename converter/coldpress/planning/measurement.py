"""What was measured of a bundle on this machine, round by round, put together."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["TIMES", "Measured", "Measurement", "Spread"]

# The times of a measurement, in the order in which they pass.
TIMES = (
    *("start", "imports", "unpack", "open", "first"),
    *("request", "request_p95", "run", "run_p95"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure of several rounds.

    Attributes:
        median: Its median.
        low: The least.
        high: The greatest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The spread of at least one figure."""
        return cls(median=statistics.median(figures), low=min(figures), high=max(figures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A function with this bundle, started several times with a number of threads; times in ms.

    Attributes:
        threads: Threads that an operator of the model may use.
        rounds: How many processes were started.
        calls: How many warm calls each made.
        start: Of Python, to the first line of the program.
        imports: Of the function's modules, numpy and onnxruntime among them.
        unpack: Of reading the bundle's files from disk, checking and decompressing them.
        open: Of the session.
        first: The first request.
        request: A warm request's median.
        request_p95: The same of 95 in 100.
        run: The session's share of it, the median.
        run_p95: The same of 95 in 100.
        loaded_bytes: Most memory held until the session was open, the largest of all rounds.
        peak_bytes: Most memory held until the end, the same.
    """

    threads: int
    rounds: int
    calls: int
    start: Spread
    imports: Spread
    unpack: Spread
    open: Spread
    first: Spread
    request: Spread
    request_p95: Spread
    run: Spread
    run_p95: Spread
    loaded_bytes: int
    peak_bytes: int

    @classmethod
    def of(cls, reports: Sequence[Mapping[str, Any]]) -> Measurement:
        """What the processes of one number of threads reported, at least one of them."""
        times = {name: Spread.of([report[name] for report in reports]) for name in TIMES}
        return cls(
            threads=reports[0]["threads"],
            rounds=len(reports),
            calls=min(report["calls"] for report in reports),
            loaded_bytes=max(report["loaded_bytes"] for report in reports),
            peak_bytes=max(report["peak_bytes"] for report in reports),
            **times,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that was measured, and what it was measured with.

    Attributes:
        by_threads: With one thread and, where there are cores for it, with two.
        requests: What was asked: ``golden examples``, or ``zeros`` where the bundle has none.
        whole: Whether requests went through the handler; a row too large for JSON can't.
        body_bytes: The size of each body that was asked, or of the bytes of a row that is too large
            for JSON; at least one.
        machine: Processor and cores, in words.
        architecture: The processor's, as Lambda calls it: ``x86_64`` or ``arm64``.
        settings: Variables of the function's settings that were taken over, as ``NAME=VALUE``.
    """

    by_threads: Mapping[int, Measurement]
    requests: str
    whole: bool
    body_bytes: tuple[int, ...]
    machine: str
    architecture: str
    settings: tuple[str, ...] = ()

    def with_threads(self, threads: int) -> Measurement:
        """The measurement with so many threads, or with the most that were measured below."""
        return self.by_threads[min(threads, max(self.by_threads))]
