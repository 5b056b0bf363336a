"""Pictures as inline SVG: no script, font or colour of their own; the page's style has those.

Widths are in per cent and heights in pixels, so that a picture fills what room there is and its
words keep their size, on a phone as on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from coldpress.certification import DECADES

__all__ = ["Bar", "bars", "compact", "decade_names", "histogram"]

_ROW = 44
_THICK = 14
_HIGH = 120
_ABOVE = 18
_BELOW = 24
_GAP = 0.12
_EVERY = 3
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# What would be rounded to 1000, or to 10.0.
_ROUNDED = 999.5
_ONE_DIGIT = 9.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a bar chart.

    Attributes:
        label: What it is.
        text: Its value in words.
        value: Its value; not negative.
        last: Whether it is the one to look at.
    """

    label: str
    text: str
    value: float
    last: bool = False


def bars(title: str, rows: Sequence[Bar], *, key: str) -> Markup:
    """Horizontal bars from zero, each below its label and value.

    Args:
        title: What the picture shows, for those who don't see it.
        rows: The bars, from top to bottom.
        key: Sets the picture's ids apart from those of others on the page.
    """
    most = max((row.value for row in rows), default=0) or 1
    drawn = Markup().join(_bar(row, place * _ROW, most) for place, row in enumerate(rows))
    told = "; ".join(f"{row.label}: {row.text}" for row in rows)
    return _picture(drawn, title=title, told=told, height=len(rows) * _ROW, key=key)


def _bar(row: Bar, top: int, most: float) -> Markup:
    return Markup(
        '<text x="0" y="{y}">{label}</text>'
        '<text x="100%" y="{y}" class="value">{text}</text>'
        '<rect x="0" y="{bar}" width="100%" height="{thick}" rx="3" class="track"/>'
        '<rect x="0" y="{bar}" width="{share:.3f}%" height="{thick}" rx="3" class="{kind}"/>'
    ).format(
        y=top + 14,
        bar=top + 20,
        thick=_THICK,
        label=row.label,
        text=row.text,
        # Never nothing: what is there can be seen.
        share=max(100 * row.value / most, 0.3),
        kind="bar last" if row.last else "bar",
    )


def histogram(title: str, counts: Sequence[int], *, atol: float, key: str) -> Markup:
    """How many differences there are in each decade, the equal ones first.

    Heights are logarithmic, so that one value far off is seen beside a million that are equal.

    Args:
        title: What the picture shows, for those who don't see it.
        counts: As `coldpress.certification.OutputCheck.histogram`.
        atol: Absolute tolerance, where a line is drawn.
        key: Sets the picture's ids apart from those of others on the page.
    """
    names = decade_names(len(counts))
    told = "; ".join(
        f"{name}: {count:,}" for name, count in zip(names, counts, strict=True) if count
    )
    drawn = Markup().join((*_columns(counts, names), *_scale(len(counts)), _line(atol, counts)))
    height = _ABOVE + _HIGH + _BELOW
    return _picture(drawn, title=title, told=told, height=height, key=key)


def decade_names(count: int) -> list[str]:
    """What each count of a histogram counts, in words."""
    powers = [_power(exponent) for exponent in DECADES]
    between = [f"{low} to {high}" for low, high in pairwise(powers)]
    return ["equal", f"below {powers[0]}", *between, f"{powers[-1]} and above"][:count]


def compact(count: int) -> str:
    """A count in at most four characters, such as ``1.2k``."""
    amount, unit = float(count), ""
    for unit in ("", "k", "M", "G", "T"):  # noqa: B007 - the last one is used
        if amount < _ROUNDED:
            break
        amount /= 1000
    return f"{amount:.1f}{unit}" if unit and amount < _ONE_DIGIT else f"{amount:.0f}{unit}"


def _columns(counts: Sequence[int], names: Sequence[str]) -> Iterator[Markup]:
    step, most = 100 / len(counts), math.log1p(max(counts))
    for place, (count, name) in enumerate(zip(counts, names, strict=True)):
        if not count:
            continue
        tall = max(_HIGH * math.log1p(count) / most, 2)
        top = _ABOVE + _HIGH - tall
        yield Markup(
            '<g><title>{name}: {count}</title><rect x="{x:.3f}%" y="{y:.1f}" width="{w:.3f}%" '
            'height="{h:.1f}" class="{kind}"/><text x="{middle:.3f}%" y="{above:.1f}" '
            'class="count">{short}</text></g>'
        ).format(
            name=name,
            count=f"{count:,}",
            x=(place + _GAP) * step,
            y=top,
            w=(1 - 2 * _GAP) * step,
            h=tall,
            kind="bar" if place else "bar last",
            middle=(place + 0.5) * step,
            above=top - 5,
            short=compact(count),
        )


def _scale(count: int) -> Iterator[Markup]:
    """The axis: `equal` under the first column, then powers of ten under the cuts."""
    step, foot = 100 / count, _ABOVE + _HIGH
    yield Markup('<line x1="0" x2="100%" y1="{y}" y2="{y}" class="axis"/>').format(y=foot)
    yield _tick(0.5 * step, "= 0")
    for place, exponent in enumerate(DECADES):
        if place % _EVERY == 0 and place + 2 < count:
            yield _tick((place + 2) * step, _power(exponent))


def _tick(x: float, text: str) -> Markup:
    y = _ABOVE + _HIGH + 17
    return Markup('<text x="{x:.3f}%" y="{y}" class="tick">{text}</text>').format(
        x=x, y=y, text=text
    )


def _line(atol: float, counts: Sequence[int]) -> Markup:
    if atol <= 0:
        return Markup()
    place = min(max(math.log10(atol) - DECADES[0] + 2, 1), len(counts))
    return Markup(
        '<line x1="{x:.3f}%" x2="{x:.3f}%" y1="0" y2="{foot}" class="limit">'
        "<title>absolute tolerance {atol:g}</title></line>"
    ).format(x=100 * place / len(counts), foot=_ABOVE + _HIGH, atol=atol)


def _power(exponent: int) -> str:
    return f"{10**exponent}" if exponent >= 0 else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def _picture(drawn: Markup, *, title: str, told: str, height: int, key: str) -> Markup:
    return Markup(
        '<svg class="chart" role="img" width="100%" height="{height}" '
        'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{title}</title>'
        '<desc id="{key}-d">{told}</desc>{drawn}</svg>'
    ).format(height=height, key=key, title=title, told=told, drawn=drawn)
