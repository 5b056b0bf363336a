"""The same names for the same model: tf2onnx names what it makes in an order that varies.

It walks sets of objects, which Python orders by address: that decides its numbers, and which of two
equal constants gives its name to both. Without this the version of a bundle would change from one
export to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import onnx

__all__ = ["renumber"]

_NUMBER = re.compile(r"__(\d+)")


def renumber(model: onnx.ModelProto) -> None:
    """Name constants, and number tf2onnx's other names, in the order in which nodes mention them.

    Args:
        model: The model, changed in place; the names of its inputs and outputs stay.
    """
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    constants = {value.name for graph in _graphs(model.graph) for value in graph.initializer}
    numbers: dict[str, str] = {}
    placed: dict[str, str] = {}

    def renamed(name: str) -> str:
        if name in kept:
            return name
        if name in constants:
            return placed.setdefault(name, f"constant_{len(placed)}")
        return _NUMBER.sub(lambda m: f"__{numbers.setdefault(m[1], str(len(numbers)))}", name)

    for graph in _graphs(model.graph):
        for node in graph.node:
            node.input[:] = [renamed(name) for name in node.input]
            node.output[:] = [renamed(name) for name in node.output]
            node.name = renamed(node.name)
        for value in (*graph.initializer, *graph.value_info, *graph.input, *graph.output):
            value.name = renamed(value.name)
        _sort(graph)


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and, in the order of their nodes, the graphs inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _sort(graph: onnx.GraphProto) -> None:
    for values in (graph.initializer, graph.value_info):
        ordered = sorted(values, key=lambda value: value.name)
        del values[:]
        values.extend(ordered)
