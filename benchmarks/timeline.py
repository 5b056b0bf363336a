"""The picture of INIT: what runs when, and what beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["draw_timeline", "lanes"]

_COLOURS = {"import": "#56B4E9", "thread": "#E69F00", "open": "#CC79A7", "session": "#009E73"}
_OTHER = "#BFBFBF"
_ROW = 0.8
# Shorter spans than this would be a hairline with a label; they are part of what is around them.
_LEAST_MS = 0.4


def draw_timeline(found: Mapping[str, Any]) -> Figure:
    """One bar a span, the main thread's above the others', in the order in which they began."""
    rows = [(lane, span) for lane, spans in lanes(found["spans"]).items() for span in spans]
    end = max(span["ended"] for _, span in rows)
    figure, ax = plt.subplots(figsize=(10, 1 + 0.32 * len(rows)))
    for place, (_, span) in enumerate(rows):
        length = span["ended"] - span["began"]
        ax.barh(place, length, left=span["began"], height=_ROW, color=_colour(span["name"]))
        ax.text(span["ended"] + end * 0.006, place, f"{length:,.1f} ms", va="center", fontsize=8)
    ax.set_yticks(range(len(rows)), [_label(lane, span["name"]) for lane, span in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, end * 1.08)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("ms since the process was started")
    ax.set_title("From the start of the process to the first answer")
    return figure


def lanes(spans: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The spans worth a bar, by thread, the main thread first."""
    found: dict[str, list[Mapping[str, Any]]] = {"MainThread": []}
    for span in sorted(spans, key=lambda each: each["began"]):
        if span["ended"] - span["began"] >= _LEAST_MS:
            found.setdefault(span["lane"], []).append(span)
    return found


def _label(lane: str, name: str) -> str:
    return name if lane == "MainThread" else f"[{lane}] {name}"


def _colour(name: str) -> str:
    return _COLOURS.get(name.replace(".", " ").partition(" ")[0], _OTHER)
