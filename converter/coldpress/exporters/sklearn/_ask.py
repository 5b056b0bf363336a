"""The way back from tensors to rows as the original takes them, for rows that no sample holds."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ._fit import asked
from ._original import call, methods_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["column_like", "columns_with_gaps", "original_rows"]

_FEW = 2


def original_rows(
    model: BaseEstimator,
    sample: Sample,
    tensors: Mapping[str, NDArray[Any]],
    gaps: Collection[str],
) -> Any:  # noqa: ANN401 - a table, a matrix or a series, whatever it was fitted on
    """The values of an export's inputs in the form in which the original takes them.

    A value keeps the type of its column in the sample where that loses nothing; otherwise, such
    as NaN among whole numbers, it keeps the tensor's.

    Args:
        model: The original.
        sample: The sample, fitted to it: its columns' names, types and order.
        tensors: Arrays in the order of the graph's inputs, ``(rows, features)``: one matrix, or
            one for each column.
        gaps: Columns in which the empty string is missing text; see `columns_with_gaps`.
    """
    values = list(tensors.values())
    if sample.frame is None:
        name, own = next(iter((sample.arrays or {}).items()))
        return asked(model, replace(sample, arrays={name: _cast(values[0], own.dtype)}))
    import pandas as pd  # noqa: PLC0415 - there is a frame, so it is imported

    columns = [column for matrix in values for column in matrix.T]
    kept = {
        name: column_like(sample.frame[name], column, gaps=name in gaps)
        for name, column in zip(sample.columns, columns, strict=True)
    }
    frame = pd.DataFrame(kept, columns=list(sample.columns))
    return asked(model, replace(sample, frame=frame))


def columns_with_gaps(model: BaseEstimator, sample: Sample) -> frozenset[str]:
    """Columns of text in which the empty string stands for a missing value.

    Those of the sample's that miss some; and of those that hold neither gaps nor empty text, the
    ones in which the model takes a gap, as one with an imputer does.

    Args:
        model: The original.
        sample: The sample, fitted to it.
    """
    if sample.frame is None:
        return frozenset()
    words = {
        name: column for name, column in sample.frame.items() if column.dtype.kind not in "biufcmM"
    }
    return frozenset(
        str(name)
        for name, column in words.items()
        if column.hasnans or (not (column == "").any() and _takes_gaps(model, sample, str(name)))
    )


def _takes_gaps(model: BaseEstimator, sample: Sample, name: str) -> bool:
    """Whether the model answers rows without a value in a column."""
    few = sample.take(slice(0, _FEW))
    frame = few.frame
    if frame is None:
        return False
    frame = frame.assign(**{name: frame[name].mask(np.ones(len(frame), dtype=np.bool_))})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(model, asked(model, few.of_frame(frame)), methods_of(model).methods[:1])
    except Exception:  # noqa: BLE001 - a model may refuse a value in any way
        return False
    return True


def column_like(like: pd.Series[Any], values: NDArray[Any], *, gaps: bool) -> pd.Series[Any]:
    """Values of an input, ``(rows,)``, as a column of the sample's type, missing ones included.

    Args:
        like: The sample's column.
        values: The values.
        gaps: Whether the empty string is missing text.
    """
    import pandas as pd  # noqa: PLC0415 - as above

    missing = _missing(values, gaps=gaps)
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


def _missing(values: NDArray[Any], *, gaps: bool) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "OUS" and gaps:
        return np.asarray(values == "", dtype=np.bool_)
    return np.zeros(len(values), dtype=np.bool_)


def _objects(
    like: pd.Series[Any], values: NDArray[Any], missing: NDArray[np.bool_]
) -> pd.Series[Any]:
    import pandas as pd  # noqa: PLC0415 - as above

    held = values.astype(object)
    if pd.api.types.infer_dtype(like, skipna=True) == "boolean":
        held = np.array([bool(v) if v in (0, 1) else v for v in held], dtype=object)
    absent = like[like.isna()]
    held[missing] = absent.iloc[0] if len(absent) else np.nan
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
