"""A panel of a picture: two axes with logarithmic scales, and lines between them, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Line", "Panel", "ticks"]

_STEPS = (1, 2, 5)
_MOST_TICKS = 7
_DOT = 4
_SAMPLE = 26  # of a line in the legend
_LETTER = 7.2  # about the width of one in the legend
_APART = 42  # of the middles of two numbers along an axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points.

    Attributes:
        label: What it is, for the legend.
        kind: Its classes in the style.
        points: Pairs of x and y, both above 0, from left to right.
        hollow: The places of points that are drawn as rings.
    """

    label: str
    kind: str
    points: Sequence[tuple[float, float]]
    hollow: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A rectangle with axes.

    Attributes:
        left: Its left edge; all in pixels of the picture.
        top: Its upper edge.
        width: Its width.
        height: Its height.
        x: The least and the greatest x.
        y: The least and the greatest y.
    """

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the picture."""
        across, up = _share(x, self.x), _share(y, self.y)
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def axes(self, title: str, unit: str, x_ticks: Sequence[float]) -> Markup:
        """Title, frame, grid, and the numbers along both axes."""
        foot = self.top + self.height
        parts = [_text(self.left, self.top - 40, title, "heading")]
        parts.append(_text(self.left - 8, self.top - 12, unit, "tick end"))
        for y in ticks(*self.y):
            height = self.place(self.x[0], y)[1]
            parts.append(_segment(self.left, height, self.left + self.width, height, "grid"))
            parts.append(_text(self.left - 8, height + 4, f"{y:,g}", "tick end"))
        parts.append(_segment(self.left, foot, self.left + self.width, foot, "axis"))
        return Markup().join((*parts, *self._below(x_ticks)))

    def lines(self, lines: Sequence[Line]) -> Markup:
        """The lines with their points, and a legend above the panel."""
        return Markup().join((*self._drawn(lines), *self._legend(lines)))

    def across(self, y: float, label: str) -> Markup:
        """A line across the panel at some height, and what it is."""
        height = self.place(self.x[0], y)[1]
        right = self.left + self.width
        return _segment(self.left, height, right, height, "limit") + _text(
            right, height - 6, label, "tick end"
        )

    def ring(self, x: float, y: float) -> Markup:
        """A ring around a point, the one to look at."""
        across, height = self.place(x, y)
        return Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="9" class="chosen"/>').format(
            x=across, y=height
        )

    def _below(self, x_ticks: Sequence[float]) -> Iterator[Markup]:
        """Ticks and their numbers; a number that would cover the one before is left out."""
        foot, free = self.top + self.height, -math.inf
        for x in x_ticks:
            across = self.place(x, self.y[0])[0]
            yield _segment(across, foot, across, foot + 5, "axis")
            if across >= free:
                yield _text(across, foot + 20, f"{x:,g}", "tick middle")
                free = across + _APART

    def _drawn(self, lines: Sequence[Line]) -> Iterator[Markup]:
        for line in lines:
            places = [self.place(x, y) for x, y in line.points]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield Markup('<polyline points="{path}" class="line {kind}"/>').format(
                path=path, kind=line.kind
            )
            for number, (x, y) in enumerate(places):
                fill = "hollow" if number in line.hollow else "full"
                yield Markup(
                    '<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" class="dot {kind} {fill}"/>'
                ).format(x=x, y=y, r=_DOT, kind=line.kind, fill=fill)

    def _legend(self, lines: Sequence[Line]) -> Iterator[Markup]:
        x, y = self.left, self.top - 16
        for line in lines:
            yield _segment(x, y - 4, x + _SAMPLE, y - 4, f"line {line.kind}")
            yield _text(x + _SAMPLE + 6, y, line.label, "legend")
            x += _SAMPLE + 24 + _LETTER * len(line.label)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from one to the other, both above 0: 1, 2 and 5 times powers of ten."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found = [
        float(f"{step}e{power}")
        for power in range(first, last + 1)
        for step in _STEPS
        if low <= float(f"{step}e{power}") <= high
    ]
    if len(found) <= _MOST_TICKS:
        return found
    return [number for number in found if f"{number:e}".startswith("1")]


def _share(value: float, ends: tuple[float, float]) -> float:
    low, high = (math.log(end) for end in ends)
    return (math.log(value) - low) / (high - low) if high > low else 0.5


def _segment(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup(
        '<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'
    ).format(x1=x1, y1=y1, x2=x2, y2=y2, kind=kind)


def _text(x: float, y: float, words: str, kind: str) -> Markup:
    return Markup('<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>').format(
        x=x, y=y, words=words, kind=kind
    )
