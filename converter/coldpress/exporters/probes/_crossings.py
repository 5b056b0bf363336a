"""Between which two neighbouring numbers of an input a row changes its way at a node of a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._bench import Bench
from ._ensembles import EQUAL, Ensemble, holds
from ._features import Features
from ._floats import from_ordinals, middle, ordinal_ends
from ._ways import Source

__all__ = ["Node", "crossings", "with_values"]

_STEPS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A node of a tree, and a row of the sample from which to get there.

    Attributes:
        ensemble: Its operator.
        index: Its place there.
        source: Which number of a row it looks at.
        row: The row of the sample.
    """

    ensemble: Ensemble
    index: int
    source: Source
    row: int

    @property
    def feature(self) -> int:
        """The feature that it looks at."""
        return int(self.ensemble.feature[self.index])

    @property
    def threshold(self) -> float:
        """What it compares it with."""
        return float(self.ensemble.threshold[self.index])

    @property
    def mode(self) -> int:
        """How it compares."""
        return int(self.ensemble.mode[self.index])


def crossings(bench: Bench, features: Features, nodes: Sequence[Node]) -> list[np.ndarray]:
    """For each node the numbers around the crossing, two on each side, in the input's type.

    Found by bisection over all numbers of the type, through the graph itself, so that whatever
    scales and rounds before the trees is part of it. Empty where no number crosses.
    """
    dtypes = [bench.base[node.source.name].dtype for node in nodes]
    ends = [ordinal_ends(dtype) for dtype in dtypes]
    low, high = (np.array(side, dtype=np.int64) for side in zip(*ends, strict=True))
    below, above = (_sides(bench, features, nodes, dtypes, at) for at in (low, high))
    found = below != above
    for _ in range(_STEPS):
        half = middle(low, high)
        same = _sides(bench, features, nodes, dtypes, half) == below
        if np.array_equal(np.where(same, low, high), half):
            break
        low, high = np.where(same, half, low), np.where(same, high, half)
    around = np.stack([low - 1, low, high, high + 1])
    return [
        from_ordinals(np.clip(around[:, k], *ends[k]), dtypes[k])
        if found[k]
        else np.empty(0, dtype=dtypes[k])
        for k in range(len(nodes))
    ]


def with_values(
    bench: Bench, nodes: Sequence[Node], values: Sequence[np.generic]
) -> dict[str, np.ndarray]:
    """Each node's row with a value where the node looks, as many rows as nodes."""
    tensors = bench.copies(np.array([node.row for node in nodes]))
    for row, (node, value) in enumerate(zip(nodes, values, strict=True)):
        tensors[node.source.name][row, node.source.column] = value
    return tensors


def _sides(
    bench: Bench,
    features: Features,
    nodes: Sequence[Node],
    dtypes: Sequence[np.dtype],
    ordinals: np.ndarray,
) -> np.ndarray:
    """Whether each node's comparison holds with the number at a place of its type's order."""
    values = [from_ordinals(ordinals[k : k + 1], dtype)[0] for k, dtype in enumerate(dtypes)]
    seen = features.of(with_values(bench, nodes, values))
    return np.array(
        [
            node.mode not in EQUAL
            and bool(holds(seen[node.ensemble.tensor][k, node.feature], node.threshold, node.mode))
            for k, node in enumerate(nodes)
        ]
    )
