"""Golden examples told row by row, as the protocols of rows and records have them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

__all__ = ["row_values", "table"]


def table(tensors: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Each tensor's rows by its name: nested as its shape says, the first dimension counting."""
    return {tensor["name"]: list(row_values(tensor)) for tensor in tensors}


def row_values(tensor: dict[str, Any]) -> Iterator[Any]:
    """The rows of a flat tensor of the Open Inference Protocol, each nested as its shape says."""
    shape, data = tensor["shape"], tensor["data"]
    size = prod(shape[1:])
    for row in range(shape[0] if shape else 0):
        yield _nested(data[row * size : (row + 1) * size], shape[1:])


def _nested(data: list[Any], shape: list[int]) -> Any:  # noqa: ANN401 - a value, or lists of them
    if not shape:
        return data[0]
    size = prod(shape[1:])
    return [_nested(data[at * size : (at + 1) * size], shape[1:]) for at in range(shape[0])]
