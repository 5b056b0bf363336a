"""Figures over all rows of an output: how its differences are spread, and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DECADES", "decades", "fidelity", "winner_agreement"]

# Exponents of ten at which the histogram of absolute differences is cut.
DECADES = range(-12, 3)
_RANK = 2
_SUM_TOLERANCE = 1e-3
_NUMBERS = frozenset("iuf")

Pairs: TypeAlias = "Sequence[tuple[NDArray[Any], NDArray[Any]]]"


def decades(absolute: NDArray[np.float64]) -> tuple[int, ...]:
    """How many differences are 0, then how many lie between the cuts of `DECADES`."""
    if not absolute.size:
        return ()
    apart = absolute[absolute > 0]
    edges = [0.0, *(10.0**exponent for exponent in DECADES), np.inf]
    counts, _ = np.histogram(apart, edges)
    return (int(absolute.size - apart.size), *counts.tolist())


def fidelity(pairs: Pairs) -> float | None:
    """Share of the original's variance that the export keeps, over all values that are finite.

    The coefficient of determination: 1 less the squared differences over the squared distances of
    the original from its mean, column by column.

    Args:
        pairs: The original's and the export's values, batch by batch.
    """
    if any(a.shape != b.shape or not {a.dtype.kind, b.dtype.kind} <= _NUMBERS for a, b in pairs):
        return None
    original, exported = (_stacked(sides) for sides in zip(*pairs, strict=True))
    finite = np.isfinite(original) & np.isfinite(exported)
    left, right = (np.where(finite, side, 0.0) for side in (original, exported))
    count = np.maximum(finite.sum(axis=0, keepdims=True), 1)
    spread = np.where(finite, left - left.sum(axis=0, keepdims=True) / count, 0.0)
    with np.errstate(over="ignore"):
        total, lost = float((spread**2).sum()), float(((left - right) ** 2).sum())
    if not (0 < total < np.inf) or not np.isfinite(lost):
        return None
    return 1 - lost / total


def _stacked(batches: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """All values, one row after the other; in one column where rows are not the first dimension."""
    alike = len({batch.shape[1:] for batch in batches}) == 1
    return np.concatenate(
        [np.atleast_1d(b if alike else b.ravel()).astype(np.float64) for b in batches]
    )


def winner_agreement(pairs: Pairs) -> float | None:
    """Fraction of rows whose largest value stands in the same place, where rows add up to 1.

    Args:
        pairs: The original's and the export's values, batch by batch.
    """
    if not all(_is_distribution(a) and a.shape == b.shape for a, b in pairs):
        return None
    same = [a.argmax(axis=1) == b.argmax(axis=1) for a, b in pairs]
    return float(np.concatenate(same).mean())


def _is_distribution(values: NDArray[Any]) -> bool:
    if values.ndim != _RANK or values.shape[1] < _RANK or values.dtype.kind != "f":
        return False
    if not len(values) or not np.isfinite(values).all() or (values < 0).any():
        return False
    return bool(np.allclose(values.sum(axis=1, dtype=np.float64), 1, atol=_SUM_TOLERANCE))
