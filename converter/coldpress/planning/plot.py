"""A plan as a picture: times and cost by memory size, for screens of either kind and for ears."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from coldpress.package import ARCHITECTURES

from .canvas import Line, Panel
from .estimates import Estimate
from .planning import Plan

__all__ = ["draw"]

_WIDTH, _HEIGHT = 960, 790
_LEFT, _RIGHT = 76, 30
_TALL = 232
_TOPS = (142, 486)
# Colours that people tell apart however they see colours, after Okabe and Ito.
_STYLE = """\
svg{--page:#fff;--ink:#16202c;--dim:#5b6878;--grid:#e3e8ee;--a:#0072b2;--b:#c4520a;--c:#00825f}
@media(prefers-color-scheme:dark){svg{--page:#0f141a;--ink:#e6ebf2;--dim:#98a6b8;--grid:#26313d;\
--a:#5ab4f0;--b:#f0965a;--c:#4fd1a5}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
.title{font-size:19px;font-weight:600}.heading{font-size:15px;font-weight:600}
.tick,.note{fill:var(--dim);font-size:12px}.end{text-anchor:end}.middle{text-anchor:middle}
.page{fill:var(--page)}.grid{stroke:var(--grid)}.axis{stroke:var(--dim)}
.limit{stroke:var(--ink);stroke-dasharray:2 4}
.line{fill:none;stroke-width:2}.dot{stroke-width:2}.dashed{stroke-dasharray:7 4}
.dot.dashed{stroke-dasharray:none}
.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}
.a.full{fill:var(--a)}.b.full{fill:var(--b)}.c.full{fill:var(--c)}.hollow{fill:var(--page)}
.chosen{fill:none;stroke:var(--ink);stroke-width:2}
"""


def draw(plan: Plan) -> str:
    """The picture as an SVG file of its own, without scripts, fonts or links.

    Args:
        plan: What to draw, with at least one memory size.
    """
    upper, lower = _times(plan), _costs(plan)
    title = f"{plan.name}: time and cost by memory size"
    subject = f"{plan.traffic.requests:,} requests a month, {plan.prices.region}"
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" role="img" '
            'aria-labelledby="plan-title plan-told"><title id="plan-title">{title}</title>'
            '<desc id="plan-told">{told}</desc><style>{style}</style>'
            '<rect width="{w}" height="{h}" class="page"/>'
            '<text x="{left}" y="34" class="title">{title}</text>'
            '<text x="{left}" y="56" class="note">{subject}; {note}</text>{upper}{lower}'
            '<text x="{middle}" y="{foot}" class="tick middle">memory, MB (all scales are '
            "logarithmic)</text></svg>\n"
        ).format(
            w=_WIDTH,
            h=_HEIGHT,
            title=title,
            told=_told(plan),
            style=Markup(_STYLE),  # noqa: S704 - a constant
            left=_LEFT - 46,
            subject=subject,
            note=_note(plan),
            upper=upper,
            lower=lower,
            middle=(_LEFT + _WIDTH - _RIGHT) / 2,
            foot=_TOPS[1] + _TALL + 46,
        )
    )


def _times(plan: Plan) -> Markup:
    rows = _of(plan, ARCHITECTURES[0])
    hollow = _unfit(rows)
    lines = [
        Line(label=label, kind=kind, points=_points(rows, figure), hollow=hollow)
        for label, kind, figure in (
            ("cold start", "c", lambda row: row.cold.total),
            ("warm request, p95", "b", lambda row: row.p95_ms),
            ("warm request, median", "a", lambda row: row.p50_ms),
        )
    ]
    wanted = [] if plan.p95_ms is None else [plan.p95_ms]
    panel = _panel(_TOPS[0], lines, wanted)
    words = "Time, alike on both processors: those of this machine"
    drawn = panel.axes(words, "ms", [row.megabytes for row in rows]) + panel.lines(lines)
    return drawn + Markup().join(panel.across(ms, f"wanted p95: {ms:g} ms") for ms in wanted)


def _costs(plan: Plan) -> Markup:
    lines = [
        Line(
            label=f"{architecture}, {way}",
            kind=f"{colour}{dash}",
            points=_points(_of(plan, architecture), figure),
            hollow=_unfit(_of(plan, architecture)),
        )
        for way, dash, figure in (
            ("on demand", "", lambda row: row.cost.total),
            ("provisioned", " dashed", lambda row: row.provisioned.cost.total),
        )
        for architecture, colour in zip(ARCHITECTURES, "ba", strict=True)
    ]
    panel = _panel(_TOPS[1], lines, [])
    rows = _of(plan, ARCHITECTURES[0])
    drawn = panel.axes("Cost of a month", plan.prices.currency, [row.megabytes for row in rows])
    best = plan.best()
    ring = panel.ring(best.megabytes, max(best.cost.total, panel.y[0])) if best else Markup()
    return drawn + panel.lines(lines) + ring


def _panel(top: float, lines: Sequence[Line], wanted: Sequence[float]) -> Panel:
    across = [x for line in lines for x, _ in line.points]
    heights = [*(y for line in lines for _, y in line.points), *wanted]
    return Panel(
        left=_LEFT,
        top=top,
        width=_WIDTH - _LEFT - _RIGHT,
        height=_TALL,
        x=(min(across) / 1.1, max(across) * 1.1),
        y=(min(heights) / 1.6, max(heights) * 1.6),
    )


def _of(plan: Plan, architecture: str) -> list[Estimate]:
    return [row for row in plan.estimates if row.architecture == architecture]


def _points(
    rows: Sequence[Estimate], figure: Callable[[Estimate], float]
) -> list[tuple[float, float]]:
    """Memory sizes and figures; what costs nothing lies at a tenth of a cent."""
    return [(row.megabytes, max(figure(row), 1e-3)) for row in rows]


def _unfit(rows: Sequence[Estimate]) -> frozenset[int]:
    return frozenset(place for place, row in enumerate(rows) if not row.fits)


def _note(plan: Plan) -> str:
    parts = []
    if any(not row.fits for row in plan.estimates):
        parts.append("hollow points do not fit")
    best = plan.best()
    parts.append(
        f"the ring is the cheapest choice: {best.megabytes:,} MB, {best.architecture}"
        if best
        else "nothing here is fast enough and fits"
    )
    return "; ".join(parts)


def _told(plan: Plan) -> str:
    currency = plan.prices.currency
    return "; ".join(
        f"{row.megabytes:,} MB {row.architecture}: cold start {row.cold.total:,.0f} ms, warm p95 "
        f"{row.p95_ms:.3g} ms, {row.cost.total:,.2f} {currency} a month on demand, "
        f"{row.provisioned.cost.total:,.2f} with provisioned concurrency"
        f"{'' if row.fits else ', does not fit'}"
        for row in plan.estimates
    )
