"""How small a model shall be, and what that may cost."""

from __future__ import annotations

from dataclasses import dataclass

from coldpress.certification import Tolerance
from coldpress.errors import UsageError

__all__ = ["TECHNIQUES", "Wanted"]

TECHNIQUES = ("lossless", "int8", "int4", "fp16", "smallest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How small, at what cost.

    Attributes:
        technique: ``lossless``, ``int8``, ``int4``, ``fp16``, or ``smallest`` of all of them.
        min_agreement: Least agreement with the original; see `coldpress.certification.Tolerance`.
        max_metric_drop: How much worse the task's metric may be, where labels are given.
        max_slowdown: How many times as long as the lossless model's a row may take; None for any.
            The default is as long, and a tenth for what two measurements of one model differ by.

    Raises:
        UsageError: A value has no meaning.
    """

    technique: str = "lossless"
    min_agreement: float = 0.99
    max_metric_drop: float = 0.01
    max_slowdown: float | None = 1.1

    def __post_init__(self) -> None:
        if self.technique not in TECHNIQUES:
            raise UsageError(
                f"'{self.technique}' is no way to compress; choose one of {', '.join(TECHNIQUES)}"
            )
        if not 0 <= self.min_agreement <= 1:
            raise UsageError(f"the least agreement is from 0 to 1, not {self.min_agreement:g}")
        if not self.max_metric_drop >= 0:
            raise UsageError(f"a metric drops by 0 or more, not by {self.max_metric_drop:g}")
        if self.max_slowdown is not None and not self.max_slowdown > 0:
            raise UsageError(f"a slowdown is a ratio above 0, not {self.max_slowdown:g}")

    @property
    def tolerance(self) -> Tolerance:
        """What a model that lost something must pass."""
        return Tolerance(
            kind="lossy",
            min_agreement=self.min_agreement,
            max_metric_drop=self.max_metric_drop,
        )
