"""An output's highest values in its place, each with its class: Triton's classification extension.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_classification.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["classified"]

_FREE = -1
_NUMBERS = "iuf"


def classified(
    spec: TensorSpec, array: NDArray[Any], count: int
) -> tuple[TensorSpec, NDArray[Any]]:
    """The highest values of each row, from the highest down; of equal ones the first comes first.

    Args:
        spec: The output. Its first dimension, if it is free, counts rows; everything else of it
            is one row's values.
        array: What the model gave for it.
        count: How many values are wanted of each row; where it has fewer, they are all of them.

    Returns:
        The output as BYTES of the shape ``(rows, count)``, or ``(count,)`` without rows; each
        element is ``value:index``, and ``value:index:label`` where the classes have labels. Values
        with a fraction have six digits of it, and NaN ranks below all others.

    Raises:
        RequestError: The output has no numbers, or no values.
    """
    if array.dtype.kind not in _NUMBERS or not array.size:
        raise RequestError(f"output '{spec.name:.64}' has no numbers to classify by")
    batched = array.ndim > 0 and spec.shape[:1] == (_FREE,)
    rows = array.reshape(len(array) if batched else 1, -1)
    ranked = _ranked(rows)[:, :count]
    labels = spec.labels if len(spec.labels) == rows.shape[1] > 1 else ()
    texts = np.empty(ranked.shape, dtype=np.object_)
    for at, index in np.ndenumerate(ranked):
        label = f":{labels[index]}" if labels else ""
        texts[at] = f"{_text(rows[at[0], index])}:{index}{label}"
    told = spec._replace(datatype="BYTES", shape=(), labels=())
    return told, texts if batched else texts[0]


def _ranked(rows: NDArray[Any]) -> NDArray[np.intp]:
    """Each row's indices, the highest value's first."""
    if rows.dtype.kind == "f":
        rows = np.where(np.isnan(rows), -np.inf, rows)
    # Sorted back to front and read backwards, so that equal values keep their order.
    last = rows.shape[1] - 1
    order: NDArray[np.intp] = last - np.argsort(rows[:, ::-1], axis=1, kind="stable")[:, ::-1]
    return order


def _text(value: Any) -> str:  # noqa: ANN401 - a numpy scalar
    return f"{value:.6f}" if value.dtype.kind == "f" else str(value)
