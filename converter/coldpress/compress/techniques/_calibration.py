"""Rows of the sample, as onnxruntime's calibration asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._candidate import Material

__all__ = ["rows_to_calibrate"]

# Ranges hardly move after the first hundred rows, and every row's activations are computed.
_MOST_ROWS = 256
# Rows that go through together, so that images fit into memory.
_TOGETHER = 8


def rows_to_calibrate(material: Material) -> Any:  # noqa: ANN401 - a class of onnxruntime's
    """At most 256 rows, evenly spaced over the sample, a few at a time."""
    from onnxruntime.quantization import CalibrationDataReader  # noqa: PLC0415 - half a second

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime publishes no types
        def __init__(self) -> None:
            self._batches = _batches(material.tensors, _size(material))

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            return next(self._batches, None)

    return Reader()


def _batches(tensors: Mapping[str, NDArray[Any]], size: int) -> Iterator[dict[str, NDArray[Any]]]:
    count = len(next(iter(tensors.values())))
    rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_ROWS)).round().astype(int))
    for start in range(0, len(rows) - size + 1, size):
        part = rows[start : start + size]
        yield {name: array[part] for name, array in tensors.items()}


def _size(material: Material) -> int:
    """How many rows the model takes at a time: what it says, or as many as is convenient."""
    first = [value.type.tensor_type.shape.dim[0] for value in material.model.proto().graph.input]
    fixed = max((dim.dim_value for dim in first), default=0)
    count = len(next(iter(material.tensors.values())))
    return int(fixed) or min(_TOGETHER, count)
