"""The pictures of the report, as SVG, from `results.json` alone.

    python -m benchmarks.plots FOLDER

Run by `make bench` with .tools/bench, the one environment that has matplotlib.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .stats import summary
from .targets import loading_figures
from .timeline import draw_timeline

__all__ = ["draw"]

# Okabe and Ito's colours, which people tell apart however they see colours.
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#E69F00", "#009E73", "#8C8C8C"
_LABELS = {
    "limit": "limit",
    "coldpress": "Coldpress",
    "coldpress-source": "Coldpress, no bytecode",
    "textbook": "textbook, bytecode",
    "textbook-sam": "textbook, sam build",
    "fastapi": "FastAPI + Mangum",
    "pickle": "pickle + scikit-learn",
    "mlflow": "MLflow pyfunc (ONNX)",
    "floor": "orjson, run, orjson",
    "run": "session.run alone",
}
_SPEEDS = {"full": "full speed", "300": "300 MB/s", "75": "75 MB/s"}
_MEGABYTE = 1_000_000
_WIDE = 300  # over so wide a range only powers of ten have room for their numbers
_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    # The same results give the same files.
    "svg.fonttype": "none",
    "svg.hashsalt": "coldpress",
}


def draw(folder: Path) -> None:
    """Draw a picture for each group that there are results of."""
    results = json.loads((folder / "results.json").read_bytes())
    pictures: dict[str, tuple[str, Callable[[Any], Figure]]] = {
        "cold": ("cold.svg", _cold),
        "warm": ("warm.svg", _warm),
        "sizes": ("sizes.svg", _sizes),
        "loading": ("loading.svg", _loading),
        "sklearn": ("sklearn.svg", _sklearn),
        "profile": ("init.svg", draw_timeline),
    }
    with mpl.rc_context(_STYLE):
        for group, (name, picture) in pictures.items():
            if group in results:
                figure = picture(results[group])
                figure.savefig(folder / name, metadata={"Date": None})
                plt.close(figure)


def _cold(found: Mapping[str, Any]) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True)
    titles = {
        "emulator": "under AWS's Runtime Interface Emulator",
        "process": "as a bare process",
    }
    for ax, (way, title) in zip(axes, titles.items(), strict=True):
        quartiles = {key: summary(times) for key, times in found[way].items()}
        medians = {key: each.median for key, each in quartiles.items()}
        ends = [each.high for each in quartiles.values()]
        _bars(ax, medians, lambda value: f"{value:,.0f} ms", ends)
        errors = [
            [each.median - each.low for each in quartiles.values()],
            [each.high - each.median for each in quartiles.values()],
        ]
        ax.errorbar(
            list(medians.values()), range(len(medians)), xerr=errors, fmt="none", ecolor="k"
        )
        if "limit" in medians:
            ax.axvline(medians["limit"], color="k", linewidth=1, linestyle=":")
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("start to first answer, ms (median, quartiles)")
    figure.suptitle("Cold start: shorter is better")
    return figure


def _warm(found: Mapping[str, Any]) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for ax, (rows, title) in zip(axes, {"1": "1 row", "1000": "1,000 rows"}.items(), strict=True):
        columns = found[rows]
        for place, (key, each) in enumerate(columns.items()):
            ax.plot([each["p50"], each["p99"]], [place, place], color=_colour(key), linewidth=2)
            ax.plot(each["p50"], place, "o", color=_colour(key), markersize=8)
            ax.plot(each["p99"], place, "|", color=_colour(key), markersize=12)
        _name_rows(ax, list(columns))
        _log(ax.xaxis, ax.set_xscale)
        ax.set_title(f"{title}: ● p50, | p99", fontsize=10)
        ax.set_xlabel("one call, µs (log scale)")
    figure.suptitle("Warm latency: further left is better")
    return figure


def _sizes(found: Mapping[str, Any]) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for ax, kind in zip(axes, ("unpacked", "zipped"), strict=True):
        _bars(
            ax,
            {key: each[kind] / _MEGABYTE for key, each in found.items()},
            lambda value: f"{value:,.0f} MB",
        )
        ax.set_xlabel(f"{kind}, MB")
    axes[0].axvline(250 * 1024**2 / _MEGABYTE, color="k", linewidth=1, linestyle=":")
    axes[0].set_title("dotted: the most that Lambda takes", fontsize=10)
    figure.suptitle("Deployment package: smaller is better")
    return figure


def _loading(entries: Sequence[Mapping[str, Any]]) -> Figure:
    able = [entry for entry in entries if "unable" not in entry]
    figure, axes = plt.subplots(1, len(_SPEEDS), figsize=(11, 4), sharey=True)
    for ax, (speed, title) in zip(axes, _SPEEDS.items(), strict=True):
        sizes = [entry["unpacked"] / _MEGABYTE for entry in able]
        figures = [loading_figures(entry, speed) for entry in able]
        ax.plot(sizes, [each.loaded for each in figures], "o-", color=_BLUE, label="Coldpress")
        ax.plot(sizes, [each.limit for each in figures], "s--", color=_ORANGE, label="limit")
        ax.plot(
            sizes, [each.transfer for each in figures], ":", color=_GREY, label="transfer alone"
        )
        _log(ax.xaxis, ax.set_xscale)
        _log(ax.yaxis, ax.set_yscale)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("model, MB (log scale)")
    axes[0].set_ylabel("loaded after, ms (log scale)")
    axes[0].legend()
    figure.suptitle("Loading a model from object storage")
    return figure


def _sklearn(found: Mapping[str, Any]) -> Figure:
    figure, ax = plt.subplots(figsize=(7, 4.2))
    rows = [int(count) for count in found]
    lines = {
        "sklearn": ("scikit-learn, predict_proba alone", _ORANGE, "s--"),
        "coldpress": ("the function, event to answer", _BLUE, "o-"),
    }
    for key, (label, colour, style) in lines.items():
        times = [summary(each[key]).median / 1000 for each in found.values()]
        ax.plot(rows, times, style, color=colour, label=label)
    _log(ax.xaxis, ax.set_xscale)
    _log(ax.yaxis, ax.set_yscale)
    ax.set_xlabel("rows (log scale)")
    ax.set_ylabel("ms (log scale)")
    ax.set_title("A whole request beside scikit-learn's prediction alone")
    ax.legend()
    return figure


def _bars(
    ax: Axes,
    values: Mapping[str, float],
    label: Callable[[float], str],
    ends: Sequence[float] = (),
) -> None:
    """Bars with their values behind them, or behind what is drawn on them up to `ends`."""
    lengths = list(values.values())
    ax.barh(range(len(values)), lengths, color=[_colour(key) for key in values])
    for row, (length, end) in enumerate(zip(lengths, ends or lengths, strict=True)):
        place: dict[str, Any] = {
            "xytext": (6, 0),
            "textcoords": "offset points",
            "va": "center",
            "fontsize": 9,
        }
        ax.annotate(label(length), (max(length, end), row), **place)
    ax.set_xlim(right=max(*lengths, *ends) * 1.25)
    ax.grid(visible=False, axis="y")
    _name_rows(ax, list(values))


def _name_rows(ax: Axes, keys: Sequence[str]) -> None:
    ax.set_yticks(range(len(keys)), [_LABELS[key] for key in keys])
    ax.set_ylim(len(keys) - 0.4, -0.6)


def _colour(key: str) -> str:
    if key.startswith("coldpress"):
        return _BLUE
    return _GREEN if key in ("limit", "floor", "run") else _GREY


def _log(axis: Any, set_scale: Callable[[str], None]) -> None:  # noqa: ANN401 - x's or y's
    set_scale("log")
    low, high = axis.get_view_interval()
    subs = (1, 2, 5) if high / low < _WIDE else (1,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
