"""A sample as a value, from a file's content or from live objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import SampleError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_ROWS", "Array", "Sample", "quoted"]

Array: TypeAlias = NDArray[Any]

MOST_ROWS = 10_000
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of input, as a table or as arrays.

    Exactly one of `frame` and `arrays` is there.

    Attributes:
        origin: What to call it in errors, such as the file's name.
        frame: A table with a column for each feature; its index counts from 0.
        arrays: Arrays by name, each ``(rows, …)``; a single array without a name has the name
            ``""``.
        truth: The true label or target of each row, where somebody named its column.
    """

    origin: str
    frame: pd.DataFrame | None = None
    arrays: Mapping[str, Array] | None = None
    truth: Array | None = None

    @classmethod
    def of(cls, data: object, *, origin: str = "the sample") -> Sample:
        """The sample that a DataFrame, an array or a mapping of names to arrays is.

        Tensors of PyTorch and TensorFlow, and a Series of pandas, are arrays.

        Raises:
            SampleError: It is none of these, has no rows, or its arrays differ in length.
        """
        sample = cls._of_frame(data, origin) or cls._of_arrays(data, origin)
        if sample.rows == 0:
            raise SampleError(f"{origin} has no rows; give it a few rows of typical input")
        return sample

    @classmethod
    def _of_frame(cls, data: object, origin: str) -> Sample | None:
        # By attributes: a plain array shall not cost an import of pandas.
        if not (hasattr(data, "iloc") and hasattr(data, "columns")):
            return None
        frame: pd.DataFrame = data.reset_index(drop=True)  # type: ignore[attr-defined]  # as asked
        frame.columns = [str(column) for column in frame.columns]
        if repeated := frame.columns[frame.columns.duplicated()].tolist():
            raise SampleError(f"{origin} has more than one column named {quoted(repeated)}")
        return cls(origin=origin, frame=frame)

    @classmethod
    def _of_arrays(cls, data: object, origin: str) -> Sample:
        named = data if isinstance(data, Mapping) else {"": data}
        arrays = {name: _array_of(value) for name, value in named.items()}
        if not arrays or not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise SampleError(
                f"{origin} is a {type(data).__name__}; give a DataFrame, a numpy array, or a "
                "mapping of input names to numpy arrays"
            )
        for name, array in arrays.items():
            _check_array(name, array, origin)
        if len(lengths := {len(array) for array in arrays.values()}) > 1:
            raise SampleError(f"the arrays of {origin} differ in length: {sorted(lengths)} rows")
        return cls(origin=origin, arrays=arrays)

    def of_frame(self, frame: pd.DataFrame) -> Sample:
        """The same rows as a table of other columns."""
        return replace(Sample.of(frame, origin=self.origin), truth=self.truth)

    def check_values(self) -> None:
        """Refuse rows that would prove nothing.

        Raises:
            SampleError: Not a single value is there.
        """
        if self.frame is not None:
            missing = bool(self.frame.isna().all(axis=None))
        else:
            arrays = (self.arrays or {}).values()
            missing = all(a.dtype.kind == "f" and bool(np.isnan(a).all()) for a in arrays)
        if missing:
            raise SampleError(
                f"every value of {self.origin} is missing; give it a few rows of typical input"
            )

    @property
    def rows(self) -> int:
        """How many rows it has."""
        if self.frame is not None:
            return len(self.frame)
        return len(next(iter((self.arrays or {}).values()), ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the table's columns, or of the arrays."""
        return tuple(self.frame.columns) if self.frame is not None else tuple(self.arrays or ())

    def take(self, rows: Array | slice) -> Sample:
        """Some of the rows, by position."""
        truth = None if self.truth is None else self.truth[rows]
        if self.frame is not None:
            frame = self.frame.iloc[rows].reset_index(drop=True)
            return replace(self, frame=frame, truth=truth)
        arrays = {name: array[rows] for name, array in (self.arrays or {}).items()}
        return replace(self, arrays=arrays, truth=truth)

    def capped(self, most: int = MOST_ROWS) -> Sample:
        """At most `most` rows, evenly spaced from the first to the last."""
        if self.rows <= most:
            return self
        return self.take(np.linspace(0, self.rows - 1, most).round().astype(np.int64))

    def with_truth(self, labels: object) -> Sample:
        """The sample with true labels: of a column's name, of values for each row, or of none.

        Raises:
            SampleError: There is no such column, or there are more or fewer labels than rows.
        """
        if labels is None:
            return self
        if isinstance(labels, str):
            return self.labelled(labels)
        truth = np.asarray(labels)
        if truth.shape not in {(self.rows,), (self.rows, 1)}:
            raise SampleError(
                f"the labels have the shape {truth.shape} and {self.origin} has {self.rows} rows; "
                "give one label for each row"
            )
        return replace(self, truth=truth.reshape(-1))

    def labelled(self, column: str) -> Sample:
        """The sample with one of its columns, or arrays, as the truth instead.

        Raises:
            SampleError: There is no such column, it has gaps, or no other would be left.
        """
        if column not in self.columns:
            names = f"; it has {quoted(self.columns)}" if any(self.columns) else ""
            raise SampleError(f"{self.origin} has no column '{column:.64}' for the labels{names}")
        rest = self.without((column,))
        if self.frame is None:
            truth = (self.arrays or {})[column]
        else:
            series = self.frame[column]
            truth = (
                series.astype(object).to_numpy()
                if series.dtype.kind not in "biuf"
                else (series.to_numpy())
            )
            if series.hasnans:
                raise SampleError(
                    f"the labels in column '{column:.64}' of {self.origin} have gaps; leave rows "
                    "without a label out"
                )
        if truth.ndim == 2 and truth.shape[1] == 1:  # noqa: PLR2004 - rows and a single column
            truth = truth[:, 0]
        return replace(rest, truth=truth)

    def without(self, columns: Sequence[str]) -> Sample:
        """The sample without some columns, or arrays.

        Raises:
            SampleError: There is no such column, or none would be left.
        """
        known = self.columns
        if unknown := [column for column in columns if column not in known or not column]:
            raise SampleError(
                f"{self.origin} has no column {quoted(unknown)} to drop"
                + (f"; it has {quoted(known)}" if any(known) else "")
            )
        kept = [column for column in known if column not in columns]
        if not kept:
            raise SampleError(f"{self.origin} has no columns left after dropping {quoted(columns)}")
        if self.frame is not None:
            return replace(self, frame=self.frame[kept])
        arrays = self.arrays or {}
        return replace(self, arrays={name: arrays[name] for name in kept})


def quoted(names: Sequence[object]) -> str:
    """Names for a message, the first eight of them."""
    shown = ", ".join(f"'{name!s:.64}'" for name in names[:_SHOWN])
    rest = len(names) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def _array_of(value: Any) -> Any:  # noqa: ANN401 - whatever a user gives
    """An array of what keeps its values in one: a tensor, or a column of a table."""
    if isinstance(value, np.ndarray) or not hasattr(value, "__array__"):
        return value
    # A tensor of PyTorch that has a gradient, or lies on another device, gives no array.
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _check_array(name: str, array: Array, origin: str) -> None:
    what = f"array '{name}' of {origin}" if name else origin
    if array.ndim == 0:
        raise SampleError(f"{what} is a single value; a sample has one row for each example")
    if array.dtype.kind not in "biufUSO":
        raise SampleError(f"{what} has the type {array.dtype}; give numbers, booleans or strings")
