"""Bins of numbers, whose edges are float64; skl2onnx rounds them, and gives float32 only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.preprocessing import KBinsDiscretizer

from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    nodes = Nodes(scope, operator, container).widened()
    rows, parts = nodes.numbers(), []
    for index, edges in enumerate(model.bin_edges_):
        place = _bin(nodes, nodes.column(rows, index), edges[1:-1])
        if model.encode != "ordinal":
            hot = nodes("Equal", place, np.arange(model.n_bins_[index]).reshape(1, -1))
            place = nodes("Cast", hot, to=onnx.TensorProto.INT64)
        parts.append(place)
    nodes.give_numbers(nodes.side_by_side(parts))


def _bin(nodes: Nodes, column: str, edges: NDArray[Any]) -> str:
    """How many of the edges between the bins a number has reached, ``(rows, 1)``."""
    if not len(edges):
        return nodes("Cast", nodes("IsNaN", column), to=onnx.TensorProto.INT64)
    reached = nodes("GreaterOrEqual", column, np.asarray(edges, dtype=np.float64).reshape(1, -1))
    counts = nodes("Cast", reached, to=onnx.TensorProto.INT64)
    return nodes("ReduceSum", counts, np.array([1]), keepdims=1)


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    width = len(model.n_bins_) if model.encode == "ordinal" else int(model.n_bins_.sum())
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {KBinsDiscretizer: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {KBinsDiscretizer: _shape}
