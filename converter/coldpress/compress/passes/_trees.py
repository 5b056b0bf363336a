"""Tree ensembles in a graph, and their attributes, which hold all that they know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

__all__ = ["attribute", "has_trees", "remove", "tree_nodes"]

_DOMAIN = "ai.onnx.ml"
_OPERATORS = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble"})


def tree_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """The tree ensembles of a graph and of the graphs inside it."""
    return (node for node in _nodes(model.graph) if _is_tree(node))


def has_trees(model: onnx.ModelProto) -> bool:
    """Whether there is a tree ensemble in it."""
    return any(True for _ in tree_nodes(model))


def attribute(node: onnx.NodeProto, name: str) -> onnx.AttributeProto | None:
    """An attribute by name, or None."""
    return next((found for found in node.attribute if found.name == name), None)


def remove(node: onnx.NodeProto, names: Iterable[str]) -> bool:
    """Take attributes away; whether there were any."""
    unwanted = set(names)
    kept = [found for found in node.attribute if found.name not in unwanted]
    if len(kept) == len(node.attribute):
        return False
    del node.attribute[:]
    node.attribute.extend(kept)
    return True


def _is_tree(node: onnx.NodeProto) -> bool:
    return node.domain == _DOMAIN and node.op_type in _OPERATORS


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for found in node.attribute:
            for inner in (*([found.g] if found.HasField("g") else []), *found.graphs):
                yield from _nodes(inner)
