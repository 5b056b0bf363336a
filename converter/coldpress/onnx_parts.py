"""Every part of an ONNX model, wherever it stands: subgraphs, functions and attributes too.

What checks a model and what moves its data go by this one walk, so that neither sees less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import onnx

__all__ = ["Scope", "inner_graphs", "nodes", "scopes", "sparse_tensors", "tensors"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scope:
    """A list of nodes that stand together.

    Attributes:
        owner: The graph or function.
        depth: How many graphs it stands in; 0 for the model's own and for a function.
    """

    owner: onnx.GraphProto | onnx.FunctionProto
    depth: int


def scopes(model: onnx.ModelProto) -> Iterator[Scope]:
    """The model's graph, its functions, and every graph in their attributes."""
    training = [g for info in model.training_info for g in (info.initialization, info.algorithm)]
    # A stack of our own: how deep it goes is for a check to say.
    waiting = [Scope(owner=part, depth=0) for part in (model.graph, *training, *model.functions)]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting += [
            Scope(owner=graph, depth=scope.depth + 1) for graph in inner_graphs(scope.owner)
        ]


def inner_graphs(owner: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.GraphProto]:
    """The graphs in the attributes of its nodes and, of a function, in what stands for them."""
    for attribute in _attributes(owner):
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node."""
    for scope in scopes(model):
        yield from scope.owner.node


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor, those that sparse ones are made of too."""
    for scope in scopes(model):
        if isinstance(scope.owner, onnx.GraphProto):
            yield from scope.owner.initializer
        for attribute in _attributes(scope.owner):
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
    for sparse in sparse_tensors(model):
        yield sparse.values
        yield sparse.indices


def sparse_tensors(model: onnx.ModelProto) -> Iterator[onnx.SparseTensorProto]:
    """Every sparse tensor."""
    for scope in scopes(model):
        if isinstance(scope.owner, onnx.GraphProto):
            yield from scope.owner.sparse_initializer
        for attribute in _attributes(scope.owner):
            if attribute.HasField("sparse_tensor"):
                yield attribute.sparse_tensor
            yield from attribute.sparse_tensors


def _attributes(owner: onnx.GraphProto | onnx.FunctionProto) -> Iterable[onnx.AttributeProto]:
    if isinstance(owner, onnx.FunctionProto):
        yield from owner.attribute_proto
    for node in owner.node:
        yield from node.attribute
