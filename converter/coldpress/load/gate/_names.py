"""Names that mean one thing, and nodes in an order in which they can run."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from coldpress.errors import LoadError
from coldpress.onnx_parts import Scope, scopes

__all__ = ["check_names"]


def check_names(name: str, model: onnx.ModelProto) -> None:
    """Refuse a value that is made twice, an attribute given twice, and nodes in a circle."""
    _once(name, "metadata entry", (entry.key for entry in model.metadata_props))
    for scope in scopes(model):
        _check_scope(name, scope)
        for node in scope.owner.node:
            _once(name, "attribute", (attribute.name for attribute in node.attribute))


def _check_scope(name: str, scope: Scope) -> None:
    made = [output for node in scope.owner.node for output in node.output if output]
    owner = scope.owner
    if isinstance(owner, onnx.GraphProto):
        inputs = [value.name for value in owner.input]
        weights = [tensor.name for tensor in owner.initializer]
        weights += [sparse.values.name for sparse in owner.sparse_initializer]
        _once(name, "output", (value.name for value in owner.output))
        _once(name, "initialiser", weights)
        _once(name, "input", inputs)
        # Before IR version 4, weights stand among the inputs, too.
        _once(name, "value", [*{*inputs, *weights}, *made])
    else:
        inputs = list(owner.input)
        defaults = [attribute.name for attribute in owner.attribute_proto]
        _once(name, "attribute", [*owner.attribute, *defaults])
        _once(name, "value", [*inputs, *made])
    _check_order(name, owner, set(made))


def _check_order(name: str, owner: onnx.GraphProto | onnx.FunctionProto, waiting: set[str]) -> None:
    for node in owner.node:
        if early := sorted(waiting.intersection(node.input)):
            raise LoadError(
                f"{name} has a node '{node.name or node.op_type:.64}' that needs '{early[0]:.64}' "
                "before it is made: its nodes go in a circle or stand out of order"
            )
        waiting.difference_update(node.output)


def _once(name: str, what: str, found: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in found:
        if item in seen:
            raise LoadError(f"{name} has the {what} '{item:.64}' twice; export it again")
        seen.add(item)
