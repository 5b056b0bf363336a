"""How far an export may be from its original: hardly at all, or as far as compression takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["EXACT", "LOSSY", "Tolerance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What passes.

    Attributes:
        kind: ``exact``: every value within `rtol` and `atol`, and no label another but for ties.
            ``lossy``: the outputs agree as far as `min_agreement` says, on the sample.
        rtol: Relative tolerance of a value.
        atol: Absolute tolerance of a value.
        min_agreement: Least fraction of equal labels, or of equal winners among probabilities, and
            least share of a numeric output's variance that is kept (its coefficient of
            determination, R², against the original).
        max_metric_drop: How much worse the task's metric may be, where true labels are given.
    """

    kind: Literal["exact", "lossy"] = "exact"
    rtol: float = 1e-4
    atol: float = 1e-5
    min_agreement: float = 1.0
    max_metric_drop: float = 0.01

    def for_few(self, rows: int) -> Tolerance:
        """The same for a few rows, one of which may be lost however few they are."""
        if self.kind == "exact":
            return self
        return replace(self, min_agreement=min(self.min_agreement, 1 - 1 / max(rows, 1)))


EXACT = Tolerance()
LOSSY = Tolerance(kind="lossy", min_agreement=0.99)
