"""Confusion matrices as tables: shades by row, and what original and export answer differently."""

from __future__ import annotations

from dataclasses import dataclass

from coldpress.certification import Metric

__all__ = ["Cell", "Matrix", "matrices"]

_SHADES = 9
_MOST_CLASSES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a matrix.

    Attributes:
        count: Rows of the true class that got the answer.
        shade: Their share of the true class, 0 to 9; 0 only for none.
        right: Whether the answer is the truth.
        other: Whether the original's count is another one.
    """

    count: int
    shade: int
    right: bool
    other: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One side's matrix.

    Attributes:
        title: Whose answers these are.
        classes: The classes, of rows and of columns.
        rows: The cells, true class by true class.
    """

    title: str
    classes: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def matrices(metric: Metric | None) -> tuple[Matrix, ...]:
    """The original's matrix and the export's; none where there is none, or no room for it."""
    if metric is None or not 0 < len(metric.classes) <= _MOST_CLASSES:
        return ()
    original, export = metric.confusion_original, metric.confusion_export
    if not len(original) == len(export) == len(metric.classes) ** 2:
        return ()
    return (
        _matrix("The original", metric.classes, original, original),
        _matrix("The export", metric.classes, export, original),
    )


def _matrix(
    title: str, classes: tuple[str, ...], counts: tuple[int, ...], compared: tuple[int, ...]
) -> Matrix:
    size = len(classes)
    rows = tuple(
        _row(true, counts[true * size : (true + 1) * size], compared[true * size :])
        for true in range(size)
    )
    return Matrix(title=title, classes=classes, rows=rows)


def _row(true: int, counts: tuple[int, ...], compared: tuple[int, ...]) -> tuple[Cell, ...]:
    whole = sum(counts) or 1
    return tuple(
        Cell(
            count=count,
            shade=-(-_SHADES * count // whole),
            right=answered == true,
            other=count != before,
        )
        for answered, (count, before) in enumerate(zip(counts, compared, strict=False))
    )
