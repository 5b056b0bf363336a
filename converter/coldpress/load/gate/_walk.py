"""Every graph, node and tensor of a model, however deep: in subgraphs, functions and attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

__all__ = ["all_nodes", "all_tensors", "attributes_of", "depth_of"]


def all_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """The nodes of the graph, of functions, and of the graphs inside both."""
    roots = [model.graph.node, *(function.node for function in model.functions)]
    for nodes in roots:
        yield from _nodes(nodes)


def all_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor: initialisers, sparse ones too, and those in attributes."""
    yield from _initialisers(model.graph)
    for node in all_nodes(model):
        for attribute in node.attribute:
            yield from _attribute_tensors(attribute)
    for function in model.functions:
        for attribute in function.attribute_proto:
            yield from _attribute_tensors(attribute)
    for info in model.training_info:
        yield from _initialisers(info.initialization)
        yield from _initialisers(info.algorithm)


def attributes_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that a node holds."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def depth_of(graph: onnx.GraphProto, most: int) -> int:
    """How deep graphs lie in each other, up to `most`: 1 for one without any inside."""
    deepest, stack = 0, [(graph, 1)]
    while stack:
        current, depth = stack.pop()
        deepest = max(deepest, depth)
        if depth > most:
            return depth
        stack.extend((inner, depth + 1) for node in current.node for inner in attributes_of(node))
    return deepest


def _nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    stack = [*nodes]
    while stack:
        node = stack.pop()
        yield node
        for graph in attributes_of(node):
            stack.extend(graph.node)


def _initialisers(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices


def _attribute_tensors(attribute: onnx.AttributeProto) -> Iterator[onnx.TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
        yield sparse.values
        yield sparse.indices
    for graph in (attribute.g, *attribute.graphs):
        yield from _initialisers(graph)
