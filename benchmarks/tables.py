"""The tables of the report, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from .environments import TITLES
from .stats import paired_ratio, summary
from .targets import Target, loading_figures

__all__ = [
    "cold",
    "loading",
    "machine_list",
    "profile",
    "sizes",
    "sklearn",
    "targets_table",
    "warm",
]

_MEGABYTE = 1_000_000
_WARM_TITLES = {
    **TITLES,
    "run": "`session.run` alone, arrays in and out",
    "floor": "orjson, `session.run`, orjson",
}


def targets_table(found: Sequence[Target]) -> list[str]:
    """What was promised, and what became of it."""
    rows = [(each.promise, each.measured, "met" if each.met else "**missed**") for each in found]
    return _table(("target", "measured", ""), rows)


def machine_list(results: Mapping[str, Any]) -> list[str]:
    """Machine, versions and dates."""
    machine = results["machine"]
    unable, failed = results.get("unable", {}), results.get("failed", {})
    ours = results.get("versions", {}).get("coldpress", {})
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    held = ", ".join(f"{name} {version}" for name, version in ours.items())
    dates = ", ".join(f"{name} {date}" for name, date in results.get("measured", {}).items())
    return [
        f"- {hardware}, {machine['architecture']}; {machine['system']}, {machine['libc']}",
        f"- Python {machine['python']} for every variant; load before: {machine['load_before']}",
        f"- Coldpress' package: {held}; the other packages' versions are in `results.json`",
        f"- measured: {dates}",
        *(f"- not run: {TITLES[key]}, since {why}" for key, why in unable.items()),
        *(f"- not measured: {name}, since {why}" for name, why in failed.items()),
    ]


def cold(results: Mapping[str, Any]) -> list[str]:
    """Cold starts in both ways, and what INIT was by AWS's count."""
    found, unable = results["cold"], results.get("unable", {})
    rows = []
    for key, title in TITLES.items():
        if key in found["emulator"]:
            rows.append((title, *(_cold_cells(found, key))))
        elif key in unable:
            rows.append((title, "does not run here", "", "", "", ""))
    return _table(
        ("", "emulator", "× limit", "INIT", "process", "× limit"), rows, right=range(1, 6)
    )


def warm(found: Mapping[str, Any]) -> list[str]:
    """Latency of the handler in its own process."""
    rows = [
        (
            title,
            *(
                f"{found[count][key][share]:,.0f}"
                for count in ("1", "1000")
                for share in ("p50", "p99")
            ),
        )
        for key, title in _WARM_TITLES.items()
        if key in found["1"]
    ]
    heads = ("", "1 row, p50", "p99", "1,000 rows, p50", "p99")
    return _table(heads, rows, right=range(1, 5))


def sizes(found: Mapping[str, Any]) -> list[str]:
    """Sizes of the packages."""
    rows = [
        (TITLES[key], *(f"{each[kind] / _MEGABYTE:,.1f}" for kind in ("unpacked", "zipped")))
        for key, each in found.items()
    ]
    return _table(("", "unpacked", "zipped"), rows, right=(1, 2))


def loading(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Loading by size and speed, beside the limit."""
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        size = f"{entry['megabytes']:,} MB"
        if "unable" in entry:
            rows.append((size, f"does not run: {entry['unable']}", *[""] * 8))
            continue
        rows.extend((size, *_loading_cells(entry, speed)) for speed in entry["speeds"])
    heads = (
        "model",
        "store",
        "transfer",
        "unpacking",
        "session",
        "limit",
        "loaded",
        "× limit",
        "first answer",
        "peak ÷ size",
    )
    return _table(heads, rows, right=range(2, 10))


def sklearn(found: Mapping[str, Any]) -> list[str]:
    """The function's handler beside `predict_proba`."""
    rows = []
    for count, each in found.items():
        ratio = paired_ratio(each["sklearn"], each["coldpress"])
        cells = (f"{median(each[name]) / 1000:,.3f}" for name in ("sklearn", "coldpress"))
        rows.append((f"{int(count):,}", *cells, f"{ratio.value:.2f} ×"))
    return _table(("rows", "scikit-learn", "the function", "times as fast"), rows, right=range(4))


def profile(found: Mapping[str, Any]) -> list[str]:
    """The timeline, and the costliest imports."""
    rows = [
        (f"`{each['module']}`", f"{each['self'] / 1000:.1f}", f"{each['cumulative'] / 1000:.1f}")
        for each in found["imports"]
    ]
    return _table(("module", "itself", "with what it imports"), rows, right=(1, 2))


def _cold_cells(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    cells = []
    for way in ("emulator", "process"):
        times = summary(found[way][key])
        cells.append(f"{times.median:,.0f} [{times.low:,.0f}, {times.high:,.0f}]")
        limit = found[way].get("limit")
        cells.append(f"{paired_ratio(found[way][key], limit).value:.2f}" if limit else "")
    return (*cells[:2], f"{summary(found['init'][key]).median:,.0f}", *cells[2:])


def _loading_cells(entry: Mapping[str, Any], speed: str) -> tuple[str, ...]:
    each = loading_figures(entry, speed)
    times = (each.transfer, each.unpack, each.session, each.limit, each.loaded)
    return (
        "full speed" if speed == "full" else f"{speed} MB/s",
        *(f"{milliseconds:,.0f}" for milliseconds in times),
        f"{each.loaded / each.limit:.2f}",
        f"{each.answer:,.0f}",
        f"{each.peak / entry['unpacked']:.2f}",
    )


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> list[str]:
    ruled = ["---:" if column in set(right) else "---" for column in range(len(heads))]
    return [_row(heads), _row(ruled), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
