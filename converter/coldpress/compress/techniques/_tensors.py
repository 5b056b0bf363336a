"""Weights in a graph: which they are, and their place taken by something that computes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = ["FLOATS", "graphs_of", "is_weight", "replace_weights", "weights_of"]

# Biases and scales are smaller: they gain nothing, and answers hang on them most.
_LEAST_VALUES = 1024
_RANK = 2
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
# What a quantiser made is not to be quantised again.
_QUANTISED = frozenset(
    {"MatMulNBits", "GatherBlockQuantized", "DequantizeLinear", "QuantizeLinear"}
)


def is_weight(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor is one of the matrices that make a model large."""
    return (
        tensor.data_type in FLOATS
        and len(tensor.dims) >= _RANK
        and math.prod(tensor.dims) >= _LEAST_VALUES
    )


def graphs_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and the graphs inside it."""
    yield graph
    for node in graph.node:
        for found in node.attribute:
            for inner in (*([found.g] if found.HasField("g") else []), *found.graphs):
                yield from graphs_of(inner)


def weights_of(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """The weights of one graph that can be replaced: constants that no quantiser has made."""
    taken = {value.name for value in (*graph.input, *graph.output)}
    for node in graph.node:
        if node.op_type in _QUANTISED:
            taken.update(node.input)
    return [t for t in graph.initializer if is_weight(t) and t.name not in taken]


def replace_weights(
    graph: onnx.GraphProto,
    weight: onnx.TensorProto,
    stored: dict[str, NDArray[Any]],
    nodes: Sequence[onnx.NodeProto],
) -> None:
    """Put other tensors, and nodes that make the weight of them, into a weight's place.

    onnxruntime computes what depends on constants alone when it opens a model.
    """
    graph.initializer.remove(weight)
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in stored.items()
    )
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)
