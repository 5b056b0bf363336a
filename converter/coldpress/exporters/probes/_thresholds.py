"""Rows on the thresholds of trees and right beside them, where rounding decides the way.

A row of the sample that reaches a node gets, where that node looks, the threshold itself, its
neighbours, and the numbers between which the export changes its mind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import onnx

from coldpress.exporters._exported import Rows

from ._bench import Bench
from ._crossings import Node, crossings, with_values
from ._ensembles import Ensemble, ensembles, holds
from ._features import Features
from ._floats import neighbours
from ._ways import Source, joined, ways

__all__ = ["thresholds"]

_MOST_ROWS = 2000
_MOST_NODES = 400
# Of so many more nodes those are taken that rows of the sample reach.
_SPARE = 4
_LOOKED_AT = 1000

_Place: TypeAlias = tuple[Ensemble, int, Source]


def thresholds(bench: Bench, model: onnx.ModelProto) -> tuple[Rows, ...]:
    """Probes for the trees of a graph; none where no way to a threshold is plain.

    Those behind functions such as a logarithm bind nothing: two right implementations differ in
    the last digit of it, and so may stand on two sides of a threshold.

    Args:
        bench: The original and the sample.
        model: The export.

    Raises:
        ExportError: onnxruntime can't run what stands before the trees.
    """
    known = ways(model, bench.base, _widths(bench, model))
    places = _spread(bench.random, _places(ensembles(model), known))
    if not places:
        return ()
    features = Features(model, sorted({ensemble.tensor for ensemble, _, _ in places}))
    nodes = _reached(bench, features, places)
    rows = []
    for exact, name in ((True, "thresholds"), (False, "thresholds behind functions")):
        pairs = _around(bench, features, [node for node in nodes if node.source.exact == exact])
        # None where no number crosses: both ends of a column have the same large square.
        if pairs:
            chosen, values = zip(*pairs, strict=True)
            tensors = with_values(bench, chosen, values)
            rows.append(bench.rows(name, tensors, binding=exact))
    return tuple(rows)


def _widths(bench: Bench, model: onnx.ModelProto) -> dict[str, int]:
    names = joined(model)
    found = Features(model, names).of(bench.copies(np.arange(1)))
    return {name: array.shape[1] for name, array in found.items() if array.ndim > 1}


def _places(
    found: Iterable[Ensemble], known: Mapping[str, Sequence[Source | None]]
) -> list[_Place]:
    """Every node whose feature is plainly one number of the row."""
    places: list[_Place] = []
    for ensemble in found:
        sources = known.get(ensemble.tensor, ())
        for index in np.flatnonzero(ensemble.mode >= 0).tolist():
            feature = int(ensemble.feature[index])
            source = sources[feature] if feature < len(sources) else None
            if source is not None and np.isfinite(ensemble.threshold[index]):
                places.append((ensemble, index, source))
    return places


def _spread(random: np.random.Generator, places: Sequence[_Place]) -> list[_Place]:
    """Some of the nodes: of each column in turn one, from any tree."""
    shuffled = [places[index] for index in random.permutation(len(places))]
    seen: dict[tuple[str, int], int] = {}
    turns = []
    for _, _, source in shuffled:
        key = (source.name, source.column)
        seen[key] = seen.get(key, 0) + 1
        turns.append(seen[key])
    order = np.argsort(turns, kind="stable")[: _SPARE * _MOST_NODES]
    return [shuffled[index] for index in order]


def _reached(bench: Bench, features: Features, places: Sequence[_Place]) -> list[Node]:
    """The nodes with a row that gets there each, or else with any row; those reached first."""
    rows = np.linspace(0, bench.count - 1, min(bench.count, _LOOKED_AT)).round().astype(int)
    seen = features.of(bench.copies(rows))
    masks: dict[tuple[int, int], np.ndarray] = {}
    reached: list[Node] = []
    others: list[Node] = []
    for ensemble, index, source in places:
        there = _there(ensemble, index, seen[ensemble.tensor], masks)
        some = np.flatnonzero(there)
        row = bench.random.choice(some if some.size else np.arange(len(rows)))
        node = Node(ensemble=ensemble, index=index, source=source, row=int(rows[row]))
        (reached if some.size else others).append(node)
    return [*reached, *others][:_MOST_NODES]


def _there(
    ensemble: Ensemble,
    index: int,
    seen: np.ndarray,
    masks: dict[tuple[int, int], np.ndarray],
) -> np.ndarray:
    """Which rows get to a node, along the nodes above it."""
    above: list[int] = []
    while index >= 0 and (id(ensemble), index) not in masks:
        above.append(index)
        index = int(ensemble.parent[index])
    there = masks.get((id(ensemble), index), np.ones(len(seen), dtype=np.bool_))
    for below in reversed(above):
        if (parent := int(ensemble.parent[below])) >= 0 and ensemble.mode[parent] >= 0:
            values = seen[:, ensemble.feature[parent]]
            held = holds(values, ensemble.threshold[parent], int(ensemble.mode[parent]))
            there = there & (held == ensemble.side[below])
        masks[id(ensemble), below] = there
    return there


def _around(
    bench: Bench, features: Features, nodes: Sequence[Node]
) -> list[tuple[Node, np.generic]]:
    """Each node with each number that it is probed with."""
    found = crossings(bench, features, nodes) if nodes else []
    pairs = [
        (node, value)
        for node, around in zip(nodes, found, strict=True)
        for value in _values(node, around)
    ]
    return pairs[:_MOST_ROWS]


def _values(node: Node, around: np.ndarray) -> np.ndarray:
    """The numbers around the crossing and, where it was only moved, around the threshold."""
    if not node.source.moved:
        return np.unique(around)
    threshold = np.array([node.threshold])
    near = neighbours(threshold, np.dtype(np.float32)), neighbours(threshold, around.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        beside = np.concatenate([part.ravel() for part in near]).astype(around.dtype)
    return np.unique(np.concatenate([around, beside]))
