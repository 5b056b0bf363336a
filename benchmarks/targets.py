"""What the kit promises, held against what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from .stats import Ratio, paired_difference, paired_ratio

__all__ = ["WAYS", "LoadingFigures", "Target", "loading_figures", "targets"]

# How a start is measured → what it is called.
WAYS = {"emulator": "under the emulator", "process": "as a bare process"}
_MEGABYTE = 1_000_000
_MOST_OF_LIMIT = 1.25
_LEAST_TIMES = {
    "textbook": (3.5, "the textbook handler with bytecode"),
    "textbook-sam": (5.0, "the textbook handler as `sam build` packages it"),
    "pickle": (8.0, "boto3, pickle and scikit-learn"),
}
_MOST_ZIPPED, _MOST_UNPACKED = 36, 105
_MOST_MICROSECONDS = 100
_MOST_OF_FLOOR = 2.0
_MOST_PEAK = 1.3
# The promise is for a gigabyte; the table has every size.
_LEAST_MEGABYTES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A promise and what became of it.

    Attributes:
        promise: What is promised.
        measured: The figure, in words.
        met: Whether it holds.
    """

    promise: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingFigures:
    """How one size loaded at one speed; milliseconds, medians.

    Attributes:
        transfer: Reading the stored bytes, in the fastest way that was tried.
        unpack: Decompressing them.
        imports: numpy and onnxruntime.
        session: Opening the model.
        loaded: The function: from the start of its fetch to the open session.
        answer: The function: from the start of the process to the first answer.
        peak: Most resident memory, bytes.
    """

    transfer: float
    unpack: float
    imports: float
    session: float
    loaded: float
    answer: float
    peak: float

    @property
    def limit(self) -> float:
        """What can run side by side, and then the session, which needs all three."""
        return max(self.transfer, self.unpack, self.imports) + self.session


def targets(results: Mapping[str, Any]) -> list[Target]:
    """Every target for which there are measurements."""
    return [
        *_cold(results.get("cold", {})),
        *_sizes(results.get("sizes", {})),
        *_warm(results.get("warm", {})),
        *_loading(results.get("loading", [])),
    ]


def loading_figures(entry: Mapping[str, Any], speed: str) -> LoadingFigures:
    """The figures of one entry of the group `loading` at one of its speeds."""
    found, parts = entry["speeds"][speed], entry["parts"]
    return LoadingFigures(
        transfer=_fastest(found, "transfer_"),
        unpack=_fastest(parts, "unpack_"),
        imports=_fastest(parts, "imports"),
        session=_fastest(parts, "session_"),
        loaded=median(found["load_ms"]),
        answer=median(found["answer_ms"]),
        peak=median(found["peak"]),
    )


def _cold(cold: Mapping[str, Any]) -> Iterator[Target]:
    for way, named in WAYS.items():
        times = cold.get(way, {})
        if "coldpress" not in times:
            continue
        if "limit" in times:
            ratio = paired_ratio(times["coldpress"], times["limit"])
            promise = f"cold start {named}: at most {_MOST_OF_LIMIT} × the limit"
            yield _times(promise, ratio, met=ratio.value <= _MOST_OF_LIMIT)
        for key, (least, title) in _LEAST_TIMES.items():
            if key in times:
                ratio = paired_ratio(times[key], times["coldpress"])
                promise = f"cold start {named}: at least {least} × faster than {title}"
                yield _times(promise, ratio, met=ratio.value >= least)


def _sizes(sizes: Mapping[str, Any]) -> Iterator[Target]:
    bounds = {"zipped": _MOST_ZIPPED, "unpacked": _MOST_UNPACKED}
    for kind, most in bounds.items() if "coldpress" in sizes else ():
        size = sizes["coldpress"][kind] / _MEGABYTE
        promise = f"package: at most {most} MB {kind}"
        yield Target(promise=promise, measured=f"{size:.1f} MB", met=size <= most)


def _warm(warm: Mapping[str, Any]) -> Iterator[Target]:
    if "coldpress" not in warm.get("1", {}):
        return
    one, many = warm["1"], warm["1000"]
    more = paired_difference(one["coldpress"]["medians"], one["run"]["medians"])
    yield Target(
        promise=f"warm, one row: handler less `session.run` at most {_MOST_MICROSECONDS} µs",
        measured=f"{more.value:.0f} µs ({more.low:.0f} to {more.high:.0f})",
        met=more.value <= _MOST_MICROSECONDS,
    )
    ratio = paired_ratio(many["coldpress"]["medians"], many["floor"]["medians"])
    promise = f"warm, 1,000 rows: at most {_MOST_OF_FLOOR:g} × orjson, run, orjson"
    yield _times(promise, ratio, met=ratio.value <= _MOST_OF_FLOOR)


def _loading(entries: list[Mapping[str, Any]]) -> Iterator[Target]:
    for entry in entries:
        if entry["megabytes"] < _LEAST_MEGABYTES or "unable" in entry:
            continue
        peaks = []
        for speed in entry["speeds"]:
            figures = loading_figures(entry, speed)
            peaks.append(figures.peak / entry["unpacked"])
            share = figures.loaded / figures.limit
            named = "full speed" if speed == "full" else f"{speed} MB/s"
            yield Target(
                promise=f"loading {entry['megabytes']:,} MB at {named}: "
                f"at most {_MOST_OF_LIMIT} × the limit",
                measured=f"{share:.2f} ×",
                met=share <= _MOST_OF_LIMIT,
            )
        yield Target(
            promise=f"loading {entry['megabytes']:,} MB: "
            f"peak memory at most {_MOST_PEAK} × its size",
            measured=f"{max(peaks):.2f} ×",
            met=max(peaks) <= _MOST_PEAK,
        )


def _times(promise: str, ratio: Ratio, *, met: bool) -> Target:
    measured = f"{ratio.value:.2f} × ({ratio.low:.2f} to {ratio.high:.2f})"
    return Target(promise=promise, measured=measured, met=met)


def _fastest(columns: Mapping[str, list[float]], prefix: str) -> float:
    return min(median(values) for name, values in columns.items() if name.startswith(prefix))
