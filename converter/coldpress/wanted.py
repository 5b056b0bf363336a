"""What is asked of compression: how small, at what cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TECHNIQUES", "Wanted"]

TECHNIQUES = ("lossless", "int8", "int4", "fp16", "smallest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How small, at what cost.

    Attributes:
        technique: One of `TECHNIQUES`: a technique, or ``smallest`` of what all of them give.
        min_agreement: Least agreement with the original, from 0 to 1; see
            `coldpress.certification.Tolerance`.
        max_metric_drop: How much worse the task's metric may be, where labels are given.
        max_slowdown: How many times as long as the lossless model a row may take; None for any.
    """

    technique: str = "lossless"
    min_agreement: float = 0.99
    max_metric_drop: float = 0.01
    max_slowdown: float | None = 1.1
