"""A model's own functions: none may call itself, nor grow beyond bounds when it is put in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import onnx

from coldpress.errors import LoadError
from coldpress.onnx_parts import inner_graphs

from ._caps import MOST_NODES

__all__ = ["check_functions"]

_Key: TypeAlias = tuple[str, str, str]


def check_functions(name: str, model: onnx.ModelProto) -> None:
    """Refuse functions that call themselves, directly or not, or unfold to far too many nodes."""
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    if len(functions) != len(model.functions):
        raise LoadError(f"{name} has two functions of the same name; export it again")
    bodies = {key: list(_nodes(function)) for key, function in functions.items()}
    sizes: dict[_Key, int] = {}
    for key in _callees_first(name, bodies):
        sizes[key] = _unfolded(bodies[key], sizes)
        _check_size(name, sizes[key])
    _check_size(name, _unfolded(list(_nodes(model.graph)), sizes))


def _check_size(name: str, size: int) -> None:
    if size > MOST_NODES:
        raise LoadError(
            f"{name} has functions that unfold to more than {MOST_NODES:,} nodes; export it with "
            "its functions put in place"
        )


def _nodes(owner: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.NodeProto]:
    waiting = [owner]
    while waiting:
        part = waiting.pop()
        yield from part.node
        waiting += inner_graphs(part)


def _key(node: onnx.NodeProto) -> _Key:
    return node.domain, node.op_type, node.overload


def _unfolded(body: list[onnx.NodeProto], sizes: dict[_Key, int]) -> int:
    return sum(sizes.get(_key(node), 1) for node in body)


def _callees_first(name: str, bodies: dict[_Key, list[onnx.NodeProto]]) -> Iterator[_Key]:
    """Functions in an order in which each comes after those that it calls."""
    calls = {key: {_key(node) for node in body} & bodies.keys() for key, body in bodies.items()}
    while calls:
        free = [key for key, called in calls.items() if not called & calls.keys()]
        if not free:
            _, function, _ = min(calls)
            raise LoadError(
                f"{name} has a function '{function:.64}' that calls itself, directly or through "
                "another; ONNX has no recursion"
            )
        for key in free:
            del calls[key]
        yield from free
