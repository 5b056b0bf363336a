"""Figures over all rows of an output: how its differences are spread, and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DECADES", "decades", "fidelity", "is_distribution", "scale", "winner_agreement"]

# Exponents of ten at which the histogram of absolute differences is cut.
DECADES = range(-12, 3)
_RANK = 2
_SUM_TOLERANCE = 1e-3
_LARGEST = 100.0
# Less is as good as nothing, and JSON has no infinity.
_LEAST = -1e9

Pairs: TypeAlias = "Sequence[tuple[NDArray[Any], NDArray[Any]]]"


def decades(absolute: NDArray[np.float64]) -> tuple[int, ...]:
    """How many differences are 0, then how many lie between the cuts of `DECADES`."""
    if not absolute.size:
        return ()
    apart = absolute[absolute > 0]
    edges = [0.0, *(10.0**exponent for exponent in DECADES), np.inf]
    counts, _ = np.histogram(apart, edges)
    return (int(absolute.size - apart.size), *counts.tolist())


def scale(batches: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """How large an output's values are as a rule, column by column: the median, from 1 to 100.

    What a sum of floats loses is in proportion to what was added up, however near to zero the sum
    is; so the absolute tolerance grows with it. But where most values are huge, a small one means
    something.

    Args:
        batches: The original's values; columns are their last axis.
    """
    if any(batch.dtype.kind != "f" for batch in batches):
        return np.ones(1)
    values = np.abs(_stacked(batches))
    values = np.where(np.isfinite(values), values, 0.0)
    width = values.shape[-1] if values.ndim > 1 else 1
    columns = values.reshape(-1, width) if values.size else np.ones((1, 1))
    sizes: NDArray[np.float64] = np.clip(np.median(columns, axis=0), 1.0, _LARGEST)
    return sizes


def fidelity(pairs: Pairs, *, pooled: bool = False) -> float | None:
    """Share of the original's variance that the export keeps, over all values that are finite.

    The coefficient of determination: 1 less the squared differences over the squared distances of
    the original from its column's mean. A column that does not vary is held to the mean variance
    of the others.

    Args:
        pairs: The original's and the export's values, batch by batch.
        pooled: Whether it is of all columns together, which are of one kind, or the least of any;
            what has more dimensions than rows and columns always is.

    Returns:
        The share, at most 1; None for what is no floats, or does not vary.
    """
    if any(a.shape != b.shape or {a.dtype.kind, b.dtype.kind} != {"f"} for a, b in pairs):
        return None
    original, exported = (_stacked(sides) for sides in zip(*pairs, strict=True))
    finite = np.isfinite(original) & np.isfinite(exported)
    size = max(float(np.abs(original[finite]).max(initial=0.0)), np.finfo(np.float64).tiny)
    left, right = (np.where(finite, side / size, 0.0) for side in (original, exported))
    count = np.maximum(finite.sum(axis=0, keepdims=True), 1)
    spread = np.where(finite, left - left.sum(axis=0, keepdims=True) / count, 0.0)
    with np.errstate(over="ignore"):
        total, lost = (spread**2).sum(axis=0), ((left - right) ** 2).sum(axis=0)
    if not total.sum() > 0:
        return None
    if pooled or original.ndim > _RANK:
        total, lost = total.sum(), lost.sum()
    kept = (1 - lost / np.where(total > 0, total, total.mean())).min()
    return float(max(kept, _LEAST))


def _stacked(batches: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """All values, one row after the other; in one column where rows are not the first dimension."""
    alike = len({batch.shape[1:] for batch in batches}) == 1
    return np.concatenate(
        [np.atleast_1d(b if alike else b.ravel()).astype(np.float64) for b in batches]
    )


def winner_agreement(pairs: Pairs) -> float:
    """Fraction of rows whose largest value stands in the same place.

    Args:
        pairs: The original's and the export's values, ``(rows, classes)``, batch by batch.
    """
    same = [a.argmax(axis=1) == b.argmax(axis=1) for a, b in pairs]
    return float(np.concatenate(same).mean())


def is_distribution(values: NDArray[Any]) -> bool:
    """Whether rows of ``(rows, classes)`` add up to 1, as probabilities do."""
    if values.ndim != _RANK or values.shape[1] < _RANK or values.dtype.kind != "f":
        return False
    if not len(values) or not np.isfinite(values).all() or (values < 0).any():
        return False
    return bool(np.allclose(values.sum(axis=1, dtype=np.float64), 1, atol=_SUM_TOLERANCE))
