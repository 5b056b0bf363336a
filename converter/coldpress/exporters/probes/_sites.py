"""The places of a row into which a probe puts a value: columns, or some numbers of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ._bench import Tensors

__all__ = ["Site", "sites_of"]

_MATRIX_RANK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One value of a row.

    Attributes:
        name: The input's name.
        place: Index inside a row; empty where a row is a single value.
        label: What to call it.
    """

    name: str
    place: tuple[int, ...]
    label: str

    def values(self, tensors: Tensors) -> np.ndarray:
        """The values at this place, ``(rows,)``."""
        values: np.ndarray = tensors[self.name]
        for index in self.place:
            values = values[:, index]
        return values


def sites_of(
    tensors: Tensors,
    features: Sequence[str],
    *,
    wanted: Callable[[np.dtype], bool],
    most: int,
) -> tuple[Site, ...]:
    """Places whose type is wanted, in order; of more than `most`, as many evenly spread.

    Args:
        tensors: The sample as the export takes it.
        features: Names of a single matrix's columns, or of several inputs; empty if they have none.
        wanted: Whether values of a type are.
        most: How many there may be, of each input and in all.
    """
    found = [
        Site(name=name, place=place, label=_label(tensors, features, name, place))
        for name, array in tensors.items()
        if wanted(array.dtype)
        for place in _places(array.shape[1:], most)
    ]
    return tuple(found[index] for index in _spread(len(found), most))


def _places(shape: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    chosen = _spread(int(np.prod(shape)), most)
    return [tuple(int(i) for i in np.unravel_index(index, shape)) for index in chosen]


def _spread(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return [int(index) for index in np.linspace(0, count - 1, most).round()]


def _label(tensors: Tensors, features: Sequence[str], name: str, place: tuple[int, ...]) -> str:
    if len(tensors) == 1 and tensors[name].ndim == _MATRIX_RANK:
        index = place[0]
        return f"'{features[index]:.64}'" if index < len(features) else f"column {index}"
    if len(features) == len(tensors):
        return f"'{features[list(tensors).index(name)]:.64}'"
    return f"'{name:.64}'"
