"""Numbers that a sample seldom holds: none, infinite ones, the largest, and whole ones unseen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._bench import Tensors
from ._sites import Site
from ._variants import Variant

__all__ = [
    "beyond_the_sample",
    "infinities",
    "largest_values",
    "missing_values",
    "near_zero",
    "unseen_numbers",
]

# A column with more different whole numbers is one of counts rather than of categories.
_MOST_CATEGORIES = 50
_FAR = 1000


def missing_values(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """NaN in each column in turn, and in all; "" where the sample itself has empty text."""
    numbers = [site for site in sites if tensors[site.name].dtype.kind == "f"]
    texts = [
        site
        for site in sites
        if tensors[site.name].dtype.kind == "O" and (site.values(tensors) == "").any()
    ]
    gaps: list[tuple[Site, object]] = [(site, np.nan) for site in numbers]
    gaps += [(site, "") for site in texts]
    single = tuple(Variant(changes=(gap,), where=gap[0].label) for gap in gaps)
    if len(gaps) < 2:  # noqa: PLR2004 - one is all of them
        return single
    return (*single, Variant(changes=tuple(gaps), where="all columns"))


def infinities(sites: Sequence[Site]) -> tuple[Variant, ...]:
    """Plus and minus infinity in each column in turn."""
    return _each(sites, [np.inf, -np.inf])


def largest_values(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """Both ends of its type in each column in turn."""
    return tuple(
        variant for site in sites for variant in _each([site], _ends(tensors[site.name].dtype))
    )


def beyond_the_sample(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """As far below the least and above the largest as these are apart, in each column in turn."""
    return tuple(
        variant for site in sites for variant in _each([site], _beyond(site.values(tensors)))
    )


def near_zero(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """Both zeros and numbers below the normal, in each column in turn."""
    return tuple(
        variant for site in sites for variant in _each([site], _zeros(tensors[site.name].dtype))
    )


def unseen_numbers(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """Whole numbers that the sample has not, in columns that may hold categories."""
    return tuple(
        variant for site in sites for variant in _each([site], _unseen(site.values(tensors)))
    )


def _each(sites: Sequence[Site], values: Sequence[object]) -> tuple[Variant, ...]:
    return tuple(
        Variant(changes=((site, value),), where=site.label) for value in values for site in sites
    )


def _ends(dtype: np.dtype) -> list[object]:
    kind = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return [kind.max, kind.min]


def _zeros(dtype: np.dtype) -> list[object]:
    if dtype.kind != "f":
        return [0]
    real = np.finfo(dtype)
    tiny = real.smallest_subnormal
    return [0.0, -0.0, tiny, -tiny, real.tiny]


def _beyond(values: np.ndarray) -> list[object]:
    present = values[np.isfinite(values)].astype(np.float64)
    if not present.size:
        return []
    least, largest = float(present.min()), float(present.max())
    apart = (largest - least) or 1.0
    return [least - apart, largest + apart]


def _unseen(values: np.ndarray) -> list[object]:
    present = np.unique(values[np.isfinite(values)])
    whole = present.size and np.array_equal(present, np.trunc(present))
    if not whole or present.size > _MOST_CATEGORIES:
        return []
    least, largest = int(present[0]), int(present[-1])
    wanted = [least - 1, largest + 1, largest + _FAR]
    if values.dtype.kind == "f":
        return list(wanted)
    kind = np.iinfo(values.dtype)
    return [number for number in wanted if kind.min <= number <= kind.max]
