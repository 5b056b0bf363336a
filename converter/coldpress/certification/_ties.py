"""Labels that may differ: the original's own scores hold both answers as good as equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._answer import Answer
from ._tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference

__all__ = ["ties"]

_EVEN_CHANCE = 0.5


def ties(
    reference: Reference, name: str, answers: Sequence[Answer], tolerance: Tolerance
) -> NDArray[np.bool_]:
    """For each row, whether the labels of both sides are a tie to the original.

    They are if its scores of the two labels are closer than twice the largest difference that
    there is between a score of the original and of the export. Scores that are out of tolerance
    in the row are an error of their own, and excuse no label.

    Args:
        reference: Which scores decide the label, and the classes that they stand for.
        name: The label output.
        answers: What both say, at least one.
        tolerance: How far scores may be apart.
    """
    scores = reference.rankings.get(name)
    rows = sum(answer.rows.stop - answer.rows.start for answer in answers)
    pairs = [_sides(answers, output) for output in (name, scores or name)]
    if scores is None or any(a.shape != b.shape or len(a) != rows for a, b in pairs):
        return np.zeros(rows, dtype=np.bool_)
    (own, other), (original, exported) = pairs
    with np.errstate(invalid="ignore"):  # an infinite score proves no tie
        apart = _gaps(own, other, original.astype(np.float64), reference.labels.get(name, ()))
        close: NDArray[np.bool_] = apart < 2 * _noise(original, exported, tolerance)
    return close


def _sides(answers: Sequence[Answer], output: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both sides of an output; of shapes that fit to nothing where the batches' own don't."""
    sides = [[np.atleast_1d(side[output]) for side in batch] for batch in _both(answers)]
    if any(len({part.shape[1:] for part in side}) > 1 for side in sides):
        return np.empty(0), np.empty(1)
    original, exported = (np.concatenate(side) for side in sides)
    return original, exported


def _both(answers: Sequence[Answer]) -> tuple[list[Any], list[Any]]:
    return [a.original for a in answers], [a.exported for a in answers]


def _noise(
    original: NDArray[Any], exported: NDArray[Any], tolerance: Tolerance
) -> NDArray[np.float64]:
    """How far a score of each row may be off, ``(rows,)``."""
    left, right = (side.reshape(len(side), -1).astype(np.float64) for side in (original, exported))
    largest = np.where(left == right, 0.0, np.abs(left - right)).max()
    allowed = tolerance.atol + tolerance.rtol * np.abs(left).max(axis=1)
    noise: NDArray[np.float64] = np.minimum(largest, allowed)
    return noise


def _gaps(
    own: NDArray[Any], other: NDArray[Any], scores: NDArray[np.float64], classes: Sequence[Any]
) -> NDArray[np.float64]:
    """How far the original holds the two labels of a row apart, ``(rows,)``."""
    if own.ndim > 1:
        return _gaps_of_several(own, other, scores)
    table = scores.reshape(len(scores), -1)
    if table.shape[1] == 1:
        # A single score decides by its sign: the other label's is its mirror.
        return 2 * np.abs(table[:, 0])
    places = {label: place for place, label in enumerate(classes or range(table.shape[1]))}
    found = [[places.get(label, -1) for label in side.tolist()] for side in (own, other)]
    first, second = (np.array(side, dtype=np.int64) for side in found)
    each = np.arange(len(table))
    gaps = np.abs(table[each, first] - table[each, second])
    return np.asarray(np.where((first < 0) | (second < 0), np.inf, gaps))


def _gaps_of_several(
    own: NDArray[Any], other: NDArray[Any], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same where each of several labels is decided by a score of its own."""
    if scores.shape != own.shape:
        return np.full(len(own), np.inf)
    shares = ((scores >= 0) & (scores <= 1)).all()
    distance = 2 * np.abs(scores - (_EVEN_CHANCE if shares else 0.0))
    apart = np.where(own == other, 0.0, distance).reshape(len(own), -1)
    return np.asarray(apart.max(axis=1))
