"""Two answers to the same rows, value by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._tolerance import EXACT, Tolerance

__all__ = ["Difference", "compare", "merge"]

# numpy kinds that stand for the same kind of value.
_NUMBERS = frozenset("iuf")
_KINDS = {"i": "i", "u": "i", "f": "f", "b": "b", "O": "O", "U": "O"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """How far one output of the export is from the original's.

    Attributes:
        absolute: Absolute differences where both sides are finite numbers, or equal, flat; empty
            for labels and text, and where the shapes differ.
        relative: The same relative to the original's value, which counts as at least the
            absolute tolerance.
        beyond: For each row, whether it is beyond tolerance, or not equal for labels and text.
        nan_equal: Whether NaN stands in the same places.
        inf_equal: Whether infinities of the same sign stand in the same places.
        kind_equal: Whether both hold the same kind of value.
        shape_equal: Whether the shapes are equal, and as declared.
        forms: What kinds and shapes there are, where they are not equal; else empty.
    """

    absolute: NDArray[np.float64]
    relative: NDArray[np.float64]
    beyond: NDArray[np.bool_]
    nan_equal: bool = True
    inf_equal: bool = True
    kind_equal: bool = True
    shape_equal: bool = True
    forms: str = ""


def compare(  # noqa: PLR0913 - one with a default
    original: NDArray[Any],
    exported: NDArray[Any],
    *,
    rows: int,
    declared: Sequence[int],
    exact: bool,
    tolerance: Tolerance = EXACT,
    scale: float | NDArray[np.float64] = 1.0,
) -> Difference:
    """Compare one output over some rows.

    Args:
        original: The original's values.
        exported: The export's.
        rows: How many rows of the sample both answer.
        declared: The shape that the graph declares, ``-1`` for a free dimension.
        exact: Whether they are labels, which are equal or not.
        tolerance: How far numbers may be apart.
        scale: What the absolute tolerance is multiplied by, for all or for each of the last axis.
    """
    allowed = None if exact else _allowed(original, tolerance, scale)
    found = _measure(original, exported, rows, allowed, tolerance.atol)
    kind_equal = _kind(original) == _kind(exported)
    shape_equal = original.shape == exported.shape and _fits(exported.shape, declared)
    if kind_equal and shape_equal:
        return found
    return replace(
        found,
        beyond=np.ones(rows, dtype=np.bool_),
        kind_equal=kind_equal,
        shape_equal=shape_equal,
        forms=f"is {_form(exported)}, declared as {list(declared)}, and the original's is "
        f"{_form(original)}",
    )


def merge(parts: Sequence[Difference]) -> Difference:
    """The differences of several batches as one, in the order of their rows."""
    return Difference(
        absolute=np.concatenate([part.absolute for part in parts]),
        relative=np.concatenate([part.relative for part in parts]),
        beyond=np.concatenate([part.beyond for part in parts]),
        nan_equal=all(part.nan_equal for part in parts),
        inf_equal=all(part.inf_equal for part in parts),
        kind_equal=all(part.kind_equal for part in parts),
        shape_equal=all(part.shape_equal for part in parts),
        forms=next((part.forms for part in parts if part.forms), ""),
    )


def _allowed(
    original: NDArray[Any], tolerance: Tolerance, scale: float | NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """How far each number may be off; None for what is no number."""
    if original.dtype.kind not in _NUMBERS:
        return None
    width = np.size(scale)
    fits = width == 1 or original.shape[-1:] == (width,)
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = tolerance.rtol * np.abs(original.astype(np.float64))
        found: NDArray[np.float64] = allowed + tolerance.atol * (scale if fits else 1.0)
    return found


def _measure(
    original: NDArray[Any],
    exported: NDArray[Any],
    rows: int,
    allowed: NDArray[np.float64] | None,
    least: float,
) -> Difference:
    empty = np.empty(0)
    if original.shape != exported.shape:
        return Difference(absolute=empty, relative=empty, beyond=np.ones(rows, dtype=np.bool_))
    if allowed is None or exported.dtype.kind not in _NUMBERS:
        beyond = _by_row(original != exported, rows)
        return Difference(absolute=empty, relative=empty, beyond=beyond)
    return _numbers(original, exported, rows, allowed, least)


def _numbers(
    original: NDArray[Any],
    exported: NDArray[Any],
    rows: int,
    allowed: NDArray[np.float64],
    least: float,
) -> Difference:
    left, right = original.astype(np.float64), exported.astype(np.float64)
    nans = np.isnan(left), np.isnan(right)
    same = (left == right) | (nans[0] & nans[1])
    with np.errstate(invalid="ignore", over="ignore"):
        absolute = np.where(same, 0.0, np.abs(left - right))
        relative = absolute / np.maximum(np.abs(left), least)
    # Asked this way round, so that a NaN on one side only is beyond.
    near = absolute <= np.where(np.isfinite(allowed), allowed, 0.0)
    whole = original.dtype.kind in "iu"
    beyond = original != exported if whole else ~(same | near)
    measured = same | (np.isfinite(left) & np.isfinite(right))
    infinite = np.isinf(left) | np.isinf(right)
    return Difference(
        absolute=absolute[measured],
        relative=np.where(same, 0.0, relative)[measured],
        beyond=_by_row(beyond, rows),
        nan_equal=bool((nans[0] == nans[1]).all()),
        inf_equal=bool(same[infinite & ~nans[0] & ~nans[1]].all()),
    )


def _by_row(beyond: Any, rows: int) -> NDArray[np.bool_]:  # noqa: ANN401 - numpy's comparison
    flags = np.asarray(beyond, dtype=np.bool_)
    if flags.shape[:1] != (rows,):
        # No dimension of rows in front: whatever differs speaks against all of them.
        return np.full(rows, flags.any())
    return np.asarray(flags.reshape(rows, -1).any(axis=1))


def _fits(shape: Sequence[int], declared: Sequence[int]) -> bool:
    return len(shape) == len(declared) and all(
        want in (-1, have) for want, have in zip(declared, shape, strict=True)
    )


def _kind(array: NDArray[Any]) -> str:
    return _KINDS.get(array.dtype.kind, array.dtype.kind)


def _form(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {list(array.shape)}"
