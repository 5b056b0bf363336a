"""Which rows go through together: the whole sample, and a few rows in batches of 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import ExportError, SampleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress_runtime.artifact import TensorSpec

__all__ = ["batches_of", "is_free"]

_SMALL_SIZES = (1, 2)
# Larger batches of images would not fit into memory.
_LARGEST = 256


def batches_of(
    inputs: Sequence[TensorSpec], tensors: Mapping[str, NDArray[Any]], *, few: int
) -> tuple[list[slice], ...]:
    """Rows of the sample in batches: first all rows in large ones, then some in small ones.

    A model whose batch dimension is fixed gets batches of that size only.

    Args:
        inputs: The model's inputs.
        tensors: The rows.
        few: How many small batches of each size there are at most.

    Raises:
        SampleError: The sample has fewer rows than the model takes at a time.
        ExportError: An input has no dimension of rows.
    """
    rows = len(next(iter(tensors.values())))
    fixed = _fixed_size(inputs)
    if fixed is None:
        sizes = [size for size in _SMALL_SIZES if size <= rows]
        return (_slices(rows, min(rows, _LARGEST)), *(_spread(rows, size, few) for size in sizes))
    if rows < fixed:
        raise SampleError(
            f"the model takes exactly {fixed} rows at a time and the sample has {rows}; "
            f"give it at least {fixed}"
        )
    return (_slices(rows - rows % fixed, fixed),)


def is_free(inputs: Sequence[TensorSpec]) -> bool:
    """Whether a request may have any number of rows."""
    return _fixed_size(inputs) is None


def _fixed_size(inputs: Sequence[TensorSpec]) -> int | None:
    if single := [spec.name for spec in inputs if not spec.shape]:
        raise ExportError(
            f"input '{single[0]}' is a single value, not rows; make it a constant of the model"
        )
    sizes = {spec.shape[0] for spec in inputs} - {-1}
    if len(sizes) > 1:
        raise ExportError(f"the inputs are fixed to different numbers of rows: {sorted(sizes)}")
    return sizes.pop() if sizes else None


def _slices(rows: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def _spread(rows: int, size: int, few: int) -> list[slice]:
    starts = np.linspace(0, rows - size, few).round().astype(int)
    return [slice(start, start + size) for start in sorted(set(starts.tolist()))]
