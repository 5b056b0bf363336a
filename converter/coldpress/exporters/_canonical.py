"""The same names for the same model, and nothing of the place where it was made.

tf2onnx names what it makes in an order that varies: it walks sets of objects, which Python orders
by address. That decides its numbers, and which of two equal nodes or constants names both.
PyTorch notes at each node where in whose folder its source stands. Without this the version of a
bundle would change from one export to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import onnx

__all__ = ["name_axes", "rename_canonically", "strip_notes"]

Namer: TypeAlias = Callable[[str, str], str]


def rename_canonically(model: onnx.ModelProto, given: Mapping[str, str] | None = None) -> None:
    """Name nodes after what they do, and all values by the order in which the nodes mention them.

    Args:
        model: The model, changed in place.
        given: New names, each another, for all inputs and outputs; without it theirs stay.
    """
    kept = {value.name: value.name for value in (*model.graph.input, *model.graph.output)}
    # An input that is left out has the empty name.
    names: dict[str, str] = {"": "", **(kept if given is None else given)}
    taken = set(names.values())

    def named(name: str, what: str) -> str:
        if name not in names:
            names[name] = next(n for n in _numbered(what, len(names)) if n not in taken)
            taken.add(names[name])
        return names[name]

    for graph in _graphs(model.graph):
        _rename(graph, named)
        _sort(graph)


def name_axes(model: onnx.ModelProto) -> None:
    """Number the free axes of inputs and outputs in their order; equal names stay equal.

    Args:
        model: The model, changed in place.
    """
    names: dict[str, str] = {}
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                new = "rows" if not names else f"axis_{len(names)}"
                dim.dim_param = names.setdefault(dim.dim_param, new)


def strip_notes(model: onnx.ModelProto) -> None:
    """Take away all that says where a model was made: doc strings, metadata, inferred shapes.

    Args:
        model: The model, changed in place. The shapes of its inputs and outputs stay.
    """
    del model.metadata_props[:]
    model.ClearField("doc_string")
    for graph in _graphs(model.graph):
        del graph.value_info[:]
        for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
            _strip(part)


def _strip(part: Any) -> None:  # noqa: ANN401 - any message of ONNX
    part.ClearField("doc_string")
    del part.metadata_props[:]


def _rename(graph: onnx.GraphProto, named: Namer) -> None:
    constants = {value.name for value in graph.initializer}
    for node in graph.node:
        node.input[:] = [named(n, "constant" if n in constants else "value") for n in node.input]
        node.output[:] = [named(name, node.op_type.lower()) for name in node.output]
        node.name = node.output[0]
    for value in (*graph.initializer, *graph.value_info, *graph.input, *graph.output):
        value.name = named(value.name, "value")


def _numbered(what: str, number: int) -> Iterator[str]:
    while True:
        yield f"{what}_{number}"
        number += 1


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
