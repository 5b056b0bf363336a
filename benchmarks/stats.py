"""The few statistics of the report: medians, quartiles, and ratios of runs that took turns."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Ratio", "Summary", "paired_difference", "paired_ratio", "percentile", "summary"]

_Combine = Callable[[float, float], float]
_RESAMPLES = 2000
_TAIL = 2.5  # per cent on each side of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is quoted of some measurements.

    Attributes:
        median: The middle one.
        low: First quartile.
        high: Third quartile.
        count: How many there are.
    """

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as much, or by how much.

    Attributes:
        value: Ratio of the medians.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def percentile(values: Sequence[float], percent: float) -> float:
    """A percentile, between its neighbours in proportion.

    Args:
        values: At least one.
        percent: From 0 to 100, inclusive.
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summary(values: Sequence[float]) -> Summary:
    """Median and quartiles."""
    return Summary(
        median=statistics.median(values),
        low=percentile(values, 25),
        high=percentile(values, 75),
        count=len(values),
    )


def paired_ratio(theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
    """Ratio of the medians, with an interval from resampled rounds.

    A round's two measurements stay together: what else the machine did in that minute befell both.

    Args:
        theirs: One value a round; the numerator.
        ours: The values of the same rounds.

    Raises:
        ValueError: There is no round, or they are not the same rounds.
    """
    return _resampled(theirs, ours, lambda above, below: above / below)


def paired_difference(more: Sequence[float], less: Sequence[float]) -> Ratio:
    """Difference of the medians, with an interval as `paired_ratio`'s."""
    return _resampled(more, less, lambda left, right: left - right)


def _resampled(left: Sequence[float], right: Sequence[float], combine: _Combine) -> Ratio:
    if not left or len(left) != len(right):
        raise ValueError(f"rounds don't pair: {len(left)} and {len(right)}")
    rounds = list(zip(left, right, strict=True))
    # The same results give the same report.
    generator = random.Random(0)  # noqa: S311 - nothing secret
    draws = [
        _of_medians(generator.choices(rounds, k=len(rounds)), combine) for _ in range(_RESAMPLES)
    ]
    return Ratio(
        value=_of_medians(rounds, combine),
        low=percentile(draws, _TAIL),
        high=percentile(draws, 100 - _TAIL),
    )


def _of_medians(rounds: Sequence[tuple[float, float]], combine: _Combine) -> float:
    left, right = (statistics.median(column) for column in zip(*rounds, strict=True))
    return combine(left, right)
