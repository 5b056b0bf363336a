"""Numbers of a type in their order, counted, so that the next one and the middle can be found."""

from __future__ import annotations

import numpy as np

__all__ = ["from_ordinals", "middle", "neighbours", "ordinal_ends", "to_ordinals"]

_COUNTS: dict[int, type[np.signedinteger]] = {2: np.int16, 4: np.int32, 8: np.int64}


def to_ordinals(values: np.ndarray) -> np.ndarray:
    """Where finite numbers stand in the order of their type, ``int64``; 0 is 0."""
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    bits = values.view(_COUNTS[values.dtype.itemsize]).astype(np.int64)
    lowest = -(2 ** (8 * values.dtype.itemsize - 1))
    # Of negative floats the bits count away from the most negative pattern.
    return np.asarray(np.where(bits < 0, lowest - bits, bits))


def from_ordinals(ordinals: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The numbers at places in the order of their type."""
    if dtype.kind != "f":
        return ordinals.astype(dtype)
    lowest = -(2 ** (8 * dtype.itemsize - 1))
    bits = np.where(ordinals < 0, lowest - ordinals, ordinals)
    return np.asarray(bits.astype(_COUNTS[dtype.itemsize]).view(dtype))


def ordinal_ends(dtype: np.dtype) -> tuple[int, int]:
    """The places of a type's lowest and highest finite number; whole ones to ± 2**53 only."""
    if dtype.kind == "f":
        highest = int(to_ordinals(np.array([np.finfo(dtype).max]))[0])
        return -highest, highest
    kind = np.iinfo(dtype)
    return max(int(kind.min), -(2**53)), min(int(kind.max), 2**53)


def middle(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The place halfway between two, rounded down, also where their sum is too large."""
    return np.asarray((low >> 1) + (high >> 1) + (low & high & 1))


def neighbours(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers with those before and after them in a type, ``(3, values)``, as float64."""
    with np.errstate(over="ignore"):
        near = values.astype(dtype)
    finite = np.isfinite(near.astype(np.float64))
    ordinals = to_ordinals(np.where(finite, near, dtype.type(0)).astype(dtype))
    least, most = ordinal_ends(dtype)
    places = np.clip(ordinals + np.array([[-1], [0], [1]]), least, most)
    return from_ordinals(places, dtype).astype(np.float64)
