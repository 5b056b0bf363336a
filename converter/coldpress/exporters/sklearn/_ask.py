"""The way back from tensors to rows as the original takes them, for rows that no sample holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ._fit import asked

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["column_like", "original_rows"]


def original_rows(model: BaseEstimator, sample: Sample, tensors: Mapping[str, NDArray[Any]]) -> Any:  # noqa: ANN401 - a table, a matrix or a series, whatever it was fitted on
    """The values of an export's inputs in the form in which the original takes them.

    A value keeps the type of its column in the sample where that loses nothing; otherwise, such
    as NaN among whole numbers, it keeps the tensor's. The empty string is missing text in a
    column whose sample has missing text.

    Args:
        model: The original.
        sample: The sample, fitted to it: its columns' names, types and order.
        tensors: Arrays in the order of the graph's inputs, ``(rows, features)``: one matrix, or
            one for each column.
    """
    values = list(tensors.values())
    if sample.frame is None:
        name, own = next(iter((sample.arrays or {}).items()))
        return asked(model, replace(sample, arrays={name: _cast(values[0], own.dtype)}))
    import pandas as pd  # noqa: PLC0415 - there is a frame, so it is imported

    columns = [column for matrix in values for column in matrix.T]
    kept = {
        name: column_like(sample.frame[name], column)
        for name, column in zip(sample.columns, columns, strict=True)
    }
    frame = pd.DataFrame(kept, columns=list(sample.columns))
    return asked(model, replace(sample, frame=frame))


def column_like(like: pd.Series[Any], values: NDArray[Any]) -> pd.Series[Any]:
    """Values of an input, ``(rows,)``, as a column of the sample's type, missing ones included."""
    import pandas as pd  # noqa: PLC0415 - as above

    missing = _missing(like, values)
    if isinstance(like.dtype, pd.CategoricalDtype):
        return _categories(like, values, missing)
    if like.dtype.kind == "O" or isinstance(like.dtype, pd.StringDtype):
        return _objects(like, values, missing)
    if isinstance(like.dtype, np.dtype):
        return pd.Series(_cast(values, like.dtype))
    series = pd.Series(values).mask(missing)
    try:
        return series.astype(like.dtype)
    except (TypeError, ValueError):  # a fraction where the sample has none
        return series


def _missing(like: pd.Series[Any], values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "OUS" and like.hasnans:
        return np.asarray(values == "", dtype=np.bool_)
    return np.zeros(len(values), dtype=np.bool_)


def _objects(
    like: pd.Series[Any], values: NDArray[Any], missing: NDArray[np.bool_]
) -> pd.Series[Any]:
    import pandas as pd  # noqa: PLC0415 - as above

    held = values.astype(object)
    if pd.api.types.infer_dtype(like, skipna=True) == "boolean":
        held = np.array([bool(v) if v in (0, 1) else v for v in held], dtype=object)
    gaps = like[like.isna()]
    held[missing] = gaps.iloc[0] if len(gaps) else None
    return pd.Series(held, dtype=like.dtype)


def _categories(
    like: pd.Series[Any], values: NDArray[Any], missing: NDArray[np.bool_]
) -> pd.Series[Any]:
    """A categorical column; what is no category of the sample's becomes one, not a gap."""
    import pandas as pd  # noqa: PLC0415 - as above

    known = like.cat.categories
    if values.dtype.kind != "O":
        values = _cast(np.where(missing, known[0], values), known.to_numpy().dtype)
    held = pd.Series(values.astype(object)).mask(missing)
    unseen = [value for value in dict.fromkeys(values[~missing].tolist()) if value not in known]
    kind = like.dtype if not unseen else pd.CategoricalDtype([*known, *unseen])
    return held.astype(kind)


def _cast(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The values in another type where that keeps them as they are."""
    if values.dtype.kind in "OUS" or dtype.kind in "OUS":
        return values
    with np.errstate(invalid="ignore", over="ignore"):
        cast = values.astype(dtype)
    return cast if np.array_equal(cast, values, equal_nan=cast.dtype.kind == "f") else values
