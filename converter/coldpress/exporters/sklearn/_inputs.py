"""How a sample is laid out as the inputs of an estimator's graph.

ONNX has no missing text: in a column whose sample has some, the empty string stands for it, and
the original is given a missing value for each. Missing numbers are NaN, in a column of floats;
missing booleans are NaN in a column of 1 and 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from coldpress.errors import SampleError
from coldpress.load.parts import models_inside

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["MATRIX", "Inputs", "parts_of", "wanted_inputs"]

MATRIX = "input"

# numpy kind → the datatype of the sample's own values; float32 and smaller are told apart below.
_KINDS = {"b": "BOOL", "i": "INT64", "u": "INT64", "f": "FP64", "U": "BYTES", "O": "BYTES"}
_DTYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "INT64": np.int64,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": object,
}
_FLOAT32_BYTES = 4
_HISTOGRAMS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """Inputs in the order that the estimator takes its columns.

    Attributes:
        columns: Input's name → values, ``(rows, features)``; a matrix, or one column each.
        datatypes: Input's name → datatype.
        features: Names of the features, in order; empty if the sample has none.
    """

    columns: Mapping[str, NDArray[Any]]
    datatypes: Mapping[str, str]
    features: tuple[str, ...]

    def narrowed(self, datatype: str) -> Inputs:
        """The same with every number as `datatype`, ``FP64`` or ``FP32``."""
        numeric = {"INT64", "FP32", "FP64"}
        return replace(
            self,
            datatypes={n: datatype if t in numeric else t for n, t in self.datatypes.items()},
        )

    def declared(self, datatypes: Sequence[str]) -> Inputs:
        """The same with the datatypes that a graph declares, in the order of its inputs."""
        return replace(self, datatypes=dict(zip(self.columns, datatypes, strict=True)))

    def tensors(self, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """The values in their datatypes, under the names that the graph gave its inputs."""
        return {
            name: values.astype(_DTYPES[self.datatypes[own]])
            for name, (own, values) in zip(names, self.columns.items(), strict=True)
        }


def wanted_inputs(model: BaseEstimator, sample: Sample) -> Inputs:
    """Lay out a sample that has been fitted to the model.

    A matrix where every column is a number and the model takes columns by position; otherwise an
    input for each column.

    Raises:
        SampleError: A column's values are of a type that ONNX has not.
    """
    if sample.frame is None:
        return _matrix(next(iter((sample.arrays or {}).values())), (), sample.origin)
    kinds = {column: sample.frame[column] for column in sample.columns}
    columns = {column: _values(column, series) for column, series in kinds.items()}
    if not _by_name(model) and all(v.dtype.kind in "biuf" for v in columns.values()):
        return _matrix(np.column_stack(list(columns.values())), sample.columns, sample.origin)
    return Inputs(
        columns={column: values.reshape(-1, 1) for column, values in columns.items()},
        datatypes={column: _datatype(values) for column, values in columns.items()},
        features=sample.columns,
    )


def parts_of(model: object) -> Iterator[BaseEstimator]:
    """The estimator and every fitted estimator inside it, such as a pipeline's steps."""
    found = models_inside(model, closed=_HISTOGRAMS)
    return (part for part in found if isinstance(part, BaseEstimator))


def _by_name(model: BaseEstimator) -> bool:
    return any(isinstance(part, ColumnTransformer) for part in parts_of(model))


def _matrix(values: NDArray[Any], features: tuple[str, ...], origin: str) -> Inputs:
    if values.dtype.kind == "O":
        raise SampleError(f"{origin} mixes types; give a table with a column for each feature")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    return Inputs(
        columns={MATRIX: values}, datatypes={MATRIX: _datatype(values)}, features=features
    )


def _datatype(values: NDArray[Any]) -> str:
    if values.dtype.kind == "f" and values.dtype.itemsize <= _FLOAT32_BYTES:
        return "FP32"
    return _KINDS[values.dtype.kind]


def _values(column: str, series: pd.Series[Any]) -> NDArray[Any]:
    """A column as numbers, booleans or an object array of strings, ``(rows,)``."""
    from pandas import CategoricalDtype  # noqa: PLC0415 - there is a frame, so it is imported
    from pandas.api import types  # noqa: PLC0415 - as said

    if isinstance(series.dtype, CategoricalDtype):
        series = _uncategorised(series)
    kind = types.infer_dtype(series, skipna=True)
    if kind == "string":
        return _text(column, series)
    if kind == "boolean":
        return _flags(series)
    if types.is_numeric_dtype(series.dtype) and kind != "complex":
        plain = isinstance(series.dtype, np.dtype)
        return series.to_numpy() if plain else series.to_numpy(dtype=_plain_dtype(series))
    raise SampleError(
        f"column '{column:.64}' of the sample holds {kind} values, and ONNX takes numbers, "
        "booleans or strings; convert it before the model sees it"
    )


def _uncategorised(series: pd.Series[Any]) -> pd.Series[Any]:
    """Categories as what they are: numbers, which are floats where some are missing, or text."""
    categories = series.cat.categories
    if categories.dtype.kind not in "iuf":
        return series.astype(object)
    return series.astype(np.float64 if series.hasnans else categories.dtype)


def _text(column: str, series: pd.Series[Any]) -> NDArray[Any]:
    """Text, in which the empty string stands for a missing value."""
    missing = series.isna().to_numpy()
    values = series.astype(object).to_numpy(dtype=object, copy=True)
    if missing.any() and (values[~missing] == "").any():
        rows = np.flatnonzero(missing)[:5].tolist()
        raise SampleError(
            f"column '{column:.64}' of the sample has empty text and missing text (rows {rows}), "
            "and ONNX carries both as the empty string; fill one with a word of its own before "
            "the model sees it"
        )
    values[missing] = ""
    return values


def _flags(series: pd.Series[Any]) -> NDArray[Any]:
    """Booleans; where some are missing, as 1, 0 and NaN."""
    if not series.hasnans:
        return series.to_numpy(dtype=np.bool_)
    return series.astype(object).where(series.notna(), np.nan).to_numpy().astype(np.float64)


def _plain_dtype(series: pd.Series[Any]) -> type:
    return np.float64 if series.hasnans or series.dtype.kind == "f" else np.int64
