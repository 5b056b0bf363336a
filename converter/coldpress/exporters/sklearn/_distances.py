"""Distances between rows and the rows of training, from differences rather than from products.

``|a|² - 2ab + |b|²`` loses what two near rows have in common, and a row that training saw is not
at distance 0 then. Differences are taken for some features at a time, which bounds the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._nodes import Nodes

__all__ = ["distances", "has_distances", "inverse_distances"]

_FEATURES = np.array([2])
# How many differences are held for a row at a time: half a megabyte of float64.
_HELD = 65536
_SUMS = {
    **dict.fromkeys(("cityblock", "l1", "manhattan"), 1.0),
    **dict.fromkeys(("euclidean", "l2"), 2.0),
    "minkowski": 0.0,  # which says by itself
}


def has_distances(model: Any) -> bool:  # noqa: ANN401 - any of scikit-learn's neighbours
    """Whether `distances` knows the metric of a model."""
    metric = model.effective_metric_
    given = {name for name, value in model.effective_metric_params_.items() if value is not None}
    known = isinstance(metric, str) and metric in {*_SUMS, "chebyshev", "cosine"}
    return known and given <= {"p"}


def distances(nodes: Nodes, model: Any, rows: str) -> str:  # noqa: ANN401 - as above
    """From each row to each row of training, ``(rows, training rows)``.

    Args:
        nodes: Where the distances are calculated, in float64.
        model: What has `has_distances`.
        rows: The rows, ``(rows, features)``.
    """
    known, metric = np.asarray(model._fit_X, dtype=np.float64), model.effective_metric_
    if metric == "cosine":
        return _cosine(nodes, rows, known)
    if metric == "chebyshev":
        return _joined(nodes, "Max", _each(nodes, rows, known, _largest))
    power = _SUMS[metric] or float(model.effective_metric_params_["p"])
    total = _joined(nodes, "Sum", _each(nodes, rows, known, partial(_sum, power=power)))
    if power == 1:
        return total
    is_square = power == 2  # noqa: PLR2004 - the power that has a root of its own
    return nodes("Sqrt", total) if is_square else nodes("Pow", total, np.array(1 / power))


def inverse_distances(nodes: Nodes, values: str, near: str | None = None) -> str:
    """Weights by distance: 1 for rows at distance 0 where there are any, and then no others.

    Args:
        nodes: As for `distances`.
        values: Distances, ``(rows, neighbours)``.
        near: Which of them count, as booleans; all by default.
    """
    zero = nodes("Equal", values, np.array(0.0))
    zero = zero if near is None else nodes("And", zero, near)
    alone = nodes("Cast", zero, to=nodes.float_type)
    some = nodes("ReduceMax", alone, np.array([1]), keepdims=1)
    inverse = nodes("Reciprocal", nodes("Where", zero, np.array(1.0), values))
    if near is not None:
        inverse = nodes("Where", near, inverse, np.array(0.0))
    return nodes("Where", nodes("Greater", some, np.array(0.0)), alone, inverse)


def _each(
    nodes: Nodes, rows: str, known: NDArray[Any], reduce: Callable[[Nodes, str], str]
) -> Iterator[str]:
    """What differences in some features at a time come to, ``(rows, training rows)`` each."""
    step = max(1, _HELD // len(known))
    for start in range(0, known.shape[1], step):
        some = np.arange(start, min(start + step, known.shape[1]))
        part = nodes("Unsqueeze", nodes("Gather", rows, some, axis=1), np.array([1]))
        yield reduce(nodes, nodes("Sub", part, known[np.newaxis, :, some]))


def _joined(nodes: Nodes, kind: str, parts: Iterator[str]) -> str:
    held = list(parts)
    return held[0] if len(held) == 1 else nodes(kind, *held)


def _largest(nodes: Nodes, apart: str) -> str:
    return nodes("ReduceMax", nodes("Abs", apart), _FEATURES, keepdims=0)


def _sum(nodes: Nodes, apart: str, *, power: float) -> str:
    kind = {1.0: "ReduceL1", 2.0: "ReduceSumSquare"}.get(power)
    if kind is not None:
        return nodes(kind, apart, _FEATURES, keepdims=0)
    raised = nodes("Pow", nodes("Abs", apart), np.array(power))
    return nodes("ReduceSum", raised, _FEATURES, keepdims=0)


def _cosine(nodes: Nodes, rows: str, known: NDArray[Any]) -> str:
    length = nodes("ReduceL2", rows, np.array([1]), keepdims=1)
    empty = nodes("Equal", length, np.array(0.0))
    unit = nodes("Div", rows, nodes("Where", empty, np.array(1.0), length))
    lengths = np.linalg.norm(known, axis=1, keepdims=True)
    others = known / np.where(lengths == 0, 1, lengths)
    apart = nodes("Sub", np.array(1.0), nodes("MatMul", unit, others.T))
    return nodes("Clip", apart, np.array(0.0), np.array(2.0))
