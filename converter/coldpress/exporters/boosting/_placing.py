"""Which columns a model's lists of categories belong to, where the model does not say it.

LightGBM keeps the lists in the order of the columns that had pandas' type category in training, and
takes those for them that have it now. A CSV file has lost the types, and Parquet keeps them for
words only: then every feature whose codes the model lists gets one, and the others, which had an
order or a single value in training, where they fit, if there is one way only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from coldpress.errors import SampleError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["places_of"]

_KINDS = {"string": "O", "empty": "O", "boolean": "b", "integer": "n", "floating": "n"}


def places_of(
    lists: Sequence[NDArray[Any]],
    listed: Sequence[bool],
    frame: pd.DataFrame,
    origin: str,
) -> tuple[int, ...]:
    """The column of each list, in order.

    Args:
        lists: The categories that were in training, in the order of their columns.
        listed: For each feature, whether it certainly has one.
        frame: The sample, its columns in the model's order.
        origin: What to call it in errors.

    Raises:
        SampleError: The columns don't fit the lists, or do in several ways.
    """
    from pandas import CategoricalDtype  # noqa: PLC0415 - there is a frame, so it is imported

    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    typed = [p for p, column in enumerate(columns) if isinstance(column.dtype, CategoricalDtype)]
    if len(typed) == len(lists):
        return tuple(typed)
    ways = _ways(lists, columns, listed, typed)
    if len(ways) == 1:
        return ways[0]
    told = "of several columns each could be one" if ways else "the columns don't fit them"
    raise SampleError(
        f"the model was trained on {len(lists)} columns of the pandas type category, and in "
        f"{origin} {told}; give a DataFrame, or for words a Parquet file, in which they have that "
        "type"
    )


def _ways(
    lists: Sequence[NDArray[Any]],
    columns: Sequence[pd.Series[Any]],
    listed: Sequence[bool],
    typed: Sequence[int],
) -> list[tuple[int, ...]]:
    """At most two ways to give each list a column, in order.

    Columns of text, those that have the type, and those that the model lists get one in any way.
    """
    kinds = [_kind(column) for column in columns]
    wanting = {*typed, *(p for p, kind in enumerate(kinds) if kind == "O" or listed[p])}

    @cache
    def after(place: int, number: int) -> tuple[tuple[int, ...], ...]:
        if place == len(columns):
            return ((),) if number == len(lists) else ()
        found = [] if place in wanting else list(after(place + 1, number))
        if number < len(lists) and _fits(lists[number], columns[place], kinds[place]):
            found += [(place, *rest) for rest in after(place + 1, number + 1)]
        return tuple(found[:2])

    return list(after(0, 0))


def _kind(column: pd.Series[Any]) -> str:
    from pandas.api import types  # noqa: PLC0415 - as above

    return _KINDS.get(types.infer_dtype(column.astype(object), skipna=True), "?")


def _fits(known: NDArray[Any], column: pd.Series[Any], kind: str) -> bool:
    """Whether most of a column's numbers, or any of its words, are among the categories."""
    if kind != {"b": "b", "O": "O"}.get(known.dtype.kind, "n"):
        return False
    found = column.dropna().astype(object).isin(known.tolist())
    return bool(found.any() if kind == "O" else 2 * found.sum() >= len(found))
