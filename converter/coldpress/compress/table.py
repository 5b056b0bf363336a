"""The candidates as a table of texts, for a screen or a page."""

from __future__ import annotations

from collections.abc import Iterable

from coldpress.record import CandidateRecord

__all__ = ["COLUMNS", "rows"]

COLUMNS = ("", "candidate", "stored", "agreement", "metric drop", "latency", "verdict")


def rows(candidates: Iterable[CandidateRecord]) -> list[tuple[str, ...]]:
    """One row for each candidate, in their order, with the columns of `COLUMNS`."""
    return [
        (
            "→" if candidate.chosen else "",
            candidate.name,
            _text(candidate.bytes, "{:,} B"),
            _text(candidate.agreement, "{:.2%}"),
            _text(candidate.metric_drop, "{:+.4f}"),
            _text(candidate.latency_ratio, "{:.2f} ×"),
            "passed" if candidate.accepted else candidate.reason,
        )
        for candidate in candidates
    ]


def _text(figure: float | None, form: str) -> str:
    return "-" if figure is None else form.format(figure)
