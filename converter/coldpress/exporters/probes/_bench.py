"""The original, set up to be asked rows that no sample holds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from coldpress.exporters._exported import Outputs, Rows

__all__ = ["Bench", "Tensors"]

Tensors: TypeAlias = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """The original and what probes are made from.

    Attributes:
        original: Asks the original.
        base: The sample as the export takes it.
        batch: How many rows the original takes at a time, where that is fixed; else 1.
        random: Draws the rows that probes start from.
    """

    original: Callable[[Tensors], Outputs]
    base: Tensors
    random: np.random.Generator
    batch: int = 1

    @property
    def count(self) -> int:
        """Rows of the sample."""
        return len(next(iter(self.base.values())))

    def drawn(self, count: int) -> dict[str, np.ndarray]:
        """Copies of rows of the sample, each as likely as any other."""
        return self.copies(self.random.integers(0, self.count, count))

    def copies(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Copies of some rows of the sample."""
        return {name: array[rows] for name, array in self.base.items()}

    def ask(self, tensors: Tensors) -> Outputs:
        """What the original answers; it may raise anything, and its warnings are not told."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.original(tensors)

    def accepts(self, tensors: Tensors) -> bool:
        """Whether the original answers all of some rows."""
        try:
            self.ask(self._filled(tensors))
        except Exception:  # noqa: BLE001 - it may refuse a probe in any way
            return False
        return True

    def rows(self, name: str, tensors: Tensors, *, binding: bool) -> Rows:
        """Probes, with rows repeated until the original's batches are full."""
        full = self._filled(tensors)
        return Rows(name=name, tensors=full, original=partial(self._answer, full), binding=binding)

    def _filled(self, tensors: Tensors) -> Tensors:
        count = len(next(iter(tensors.values())))
        if count % self.batch == 0:
            return tensors
        order = np.arange(-(-count // self.batch) * self.batch) % count
        return {name: array[order] for name, array in tensors.items()}

    def _answer(self, tensors: Tensors, rows: slice) -> Outputs:
        return self.ask({name: array[rows] for name, array in tensors.items()})
