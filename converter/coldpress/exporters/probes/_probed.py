"""Which probes a model gets: by its inputs, its graph, and what its framework is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx

from coldpress.exporters._exported import Reference, Rows

from ._bench import Bench, Tensors
from ._numbers import (
    beyond_the_sample,
    infinities,
    largest_values,
    missing_values,
    near_zero,
    unseen_numbers,
)
from ._sites import Site, sites_of
from ._thresholds import thresholds
from ._variants import Kind, accepts, rows_of
from ._ways import only_trees
from ._words import odd_text, unseen_categories

if TYPE_CHECKING:
    from coldpress.onnx_file import OnnxFile

__all__ = ["SEED", "probed"]

# What a certificate records as its seed by default.
SEED = 0

# They calculate with whatever they get, and promise nothing about what is no number.
_CALCULATING = frozenset({"keras", "tensorflow", "torch", "onnx"})
_NO_TREES = frozenset({"keras", "tensorflow", "torch"})
_MOST_SITES = 64
_MOST_ROWS = 500
# A network may take a second for a row.
_FEW_SITES = 8
_FEW_ROWS = 32


def probed(
    reference: Reference, *, framework: str, model: OnnxFile | None = None, batch: int = 1
) -> Reference:
    """A reference with probes, where its original can be asked any rows.

    Args:
        reference: What an export is held against; what its `ask` answers is compared.
        framework: The original's, as `coldpress.load.TrainedModel` names it.
        model: The export; without it there are no probes on thresholds, and none on extremes and
            infinities that bind.
        batch: How many rows the export takes at a time, where that is fixed; then there are no
            probes on thresholds.

    Raises:
        ExportError: onnxruntime can't run a part of the export.
    """
    if reference.ask is None:
        return reference
    bench = Bench(
        original=reference.ask,
        base=reference.rows.tensors,
        random=np.random.default_rng(SEED),
        batch=batch,
    )
    graph = None if model is None or framework in _NO_TREES else _with_trees(model)
    made = _made(bench, reference.features, framework, graph)
    return replace(reference, probes=(*reference.probes, *made))


def _with_trees(model: OnnxFile) -> onnx.ModelProto | None:
    proto = model.proto()
    if not any(node.op_type.startswith("TreeEnsemble") for node in proto.graph.node):
        return None
    return proto if model.folder is None else model.whole()


def _made(
    bench: Bench, features: Sequence[str], framework: str, graph: onnx.ModelProto | None
) -> Iterator[Rows]:
    calculating = framework in _CALCULATING
    most = (_FEW_SITES, _FEW_ROWS) if calculating else (_MOST_SITES, _MOST_ROWS)
    # What stands before trees is run on any number of rows.
    if graph is not None and bench.batch == 1:
        yield from thresholds(bench, graph)
    trees = graph is not None and only_trees(graph)
    for kind in _numeric(bench.base, features, most[0], calculating=calculating, trees=trees):
        yield from rows_of(bench, kind, most[1])
    yield from _textual(bench, features, most)


def _numeric(
    base: Tensors, features: Sequence[str], most: int, *, calculating: bool, trees: bool
) -> Iterator[Kind]:
    floats = sites_of(base, features, wanted=lambda dtype: dtype.kind == "f", most=most)
    whole = _whole(base, features, most) if trees or not calculating else ()
    texts = sites_of(base, features, wanted=lambda dtype: dtype.kind == "O", most=most)
    sure = trees or not calculating
    yield Kind(
        name="missing values", variants=missing_values((*floats, *texts), base), binding=sure
    )
    yield Kind(name="infinities", variants=infinities(floats), binding=trees)
    ends, zeros = largest_values((*floats, *whole), base), near_zero((*floats, *whole), base)
    yield Kind(name="largest values", variants=ends, binding=trees)
    yield Kind(name="values near zero", variants=zeros, binding=trees)
    beyond = beyond_the_sample(floats, base)
    yield Kind(name="values beyond the sample", variants=beyond, binding=sure)
    if sure:
        variants = unseen_numbers((*floats, *whole), base)
        yield Kind(name="unseen numbers", variants=variants, binding=True)


def _whole(base: Tensors, features: Sequence[str], most: int) -> tuple[Site, ...]:
    # A network looks numbers up in a table: what lies outside is not defined.
    return sites_of(base, features, wanted=lambda dtype: dtype.kind in "iu", most=most)


def _textual(bench: Bench, features: Sequence[str], most: tuple[int, int]) -> Iterator[Rows]:
    texts = sites_of(bench.base, features, wanted=lambda dtype: dtype.kind == "O", most=most[0])
    variants = unseen_categories(texts, bench.base)
    yield from rows_of(
        bench, Kind(name="unseen categories", variants=variants, binding=True), most[1]
    )
    # A column that refuses any word but its own has nothing to do with odd ones.
    open_to_any = [
        site for site in texts if accepts(bench, [v for v in variants if v.changes[0][0] == site])
    ]
    for name, odd in odd_text(open_to_any, bench.base).items():
        yield from rows_of(bench, Kind(name=name, variants=odd, binding=True), most[1])
