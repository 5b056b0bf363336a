"""Values put into rows of the sample, in sets that the original answers or refuses as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coldpress.exporters._exported import Rows

from ._bench import Bench
from ._sites import Site

__all__ = ["Kind", "Variant", "accepts", "rows_of"]

_MOST_EACH = 4
# The original is asked this often, at most, to learn which of the variants it refuses.
_MOST_QUESTIONS = 64
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """One way to change a row.

    Attributes:
        changes: Places with the values that they get.
        where: What to call the places.
    """

    changes: tuple[tuple[Site, object], ...]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """Variants that look for the same sort of difference.

    Attributes:
        name: Such as ``missing values``.
        variants: What is changed.
        binding: Whether a difference fails the certificate.
    """

    name: str
    variants: tuple[Variant, ...]
    binding: bool


def rows_of(bench: Bench, kind: Kind, most: int) -> tuple[Rows, ...]:
    """Rows of a kind: those that the original answers, and apart from them those that it refuses.

    Args:
        bench: The original and the sample.
        kind: What to change.
        most: How many rows there may be, if there are no more variants than that.
    """
    if not kind.variants:
        return ()
    accepted, refused = _sorted(bench, kind.variants)
    sets = [(kind.name if not refused else _name(kind.name, accepted), accepted)]
    sets.append((kind.name if not accepted else _name(kind.name, refused), refused))
    return tuple(
        bench.rows(name, _varied(bench, variants, most), binding=kind.binding)
        for name, variants in sets
        if variants
    )


def accepts(bench: Bench, variants: Sequence[Variant]) -> bool:
    """Whether the original answers a row of each variant."""
    return not variants or bench.accepts(_varied(bench, variants, 1))


def _sorted(
    bench: Bench, variants: Sequence[Variant]
) -> tuple[tuple[Variant, ...], tuple[Variant, ...]]:
    """Which of the variants the original answers, and which it refuses."""
    if accepts(bench, variants):
        return tuple(variants), ()
    few = min(len(variants), _MOST_QUESTIONS)
    spread = np.linspace(0, len(variants) - 1, few).round().astype(int)
    asked = [variants[index] for index in spread]
    answers = [accepts(bench, (variant,)) for variant in asked]
    return (
        tuple(v for v, accepted in zip(asked, answers, strict=True) if accepted),
        tuple(v for v, accepted in zip(asked, answers, strict=True) if not accepted),
    )


def _varied(bench: Bench, variants: Sequence[Variant], most: int) -> dict[str, np.ndarray]:
    each = min(max(most // len(variants), 1), _MOST_EACH)
    tensors = bench.drawn(each * len(variants))
    for number, variant in enumerate(variants):
        rows = slice(number * each, (number + 1) * each)
        for site, value in variant.changes:
            place: tuple[Any, ...] = (rows, *site.place)
            tensors[site.name][place] = value
    return tensors


def _name(kind: str, variants: Sequence[Variant]) -> str:
    places = list(dict.fromkeys(variant.where for variant in variants))
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"{kind} in {', '.join(places[:_SHOWN])}{more}"
