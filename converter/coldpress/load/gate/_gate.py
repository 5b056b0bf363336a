"""The checks of what stands in the file itself, in the order of what each takes for granted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import onnx

from coldpress.errors import LoadError

from ._tensors import check_tensors
from ._walk import all_nodes, depth_of

__all__ = ["check_model"]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Operators of these domains that run what is not in the file: compiled contexts, other runtimes.
_FORBIDDEN = frozenset({"EPContext", "PyOp", "PythonOp"})
_MOST_NODES = 1_000_000
_MOST_FUNCTIONS = 10_000
_MOST_DEPTH = 16


def check_model(name: str, model: onnx.ModelProto) -> None:
    """Refuse a model that could harm who opens it, or that the function's runtime can't open.

    Args:
        name: What to call it in messages.
        model: The model; external data not loaded.

    Raises:
        LoadError: It is too large or too deep, has functions that call themselves, uses operators
            of an unknown domain or of a newer opset, or a tensor's data is not what it says.
    """
    for check in _CHECKS:
        check(name, model)


def _check_size(name: str, model: onnx.ModelProto) -> None:
    if (depth := depth_of(model.graph, _MOST_DEPTH)) > _MOST_DEPTH:
        raise LoadError(f"{name} has graphs in each other {depth} deep and more, which is refused")
    if len(model.functions) > _MOST_FUNCTIONS:
        raise LoadError(f"{name} has {len(model.functions):,} functions, which is refused")
    if sum(1 for _ in all_nodes(model)) > _MOST_NODES:
        raise LoadError(f"{name} has more than {_MOST_NODES:,} nodes, which is refused")


def _check_functions(name: str, model: onnx.ModelProto) -> None:
    """Functions are opened by copying them into their callers: a cycle would never end."""
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for function in model.functions:
        holder = onnx.ModelProto()
        holder.graph.node.extend(function.node)
        called = {(node.domain, node.op_type) for node in all_nodes(holder)}
        key = (function.domain, function.name)
        if key in calls:
            raise LoadError(f"{name} has two functions named '{function.name:.64}'")
        calls[key] = called
    if cyclic := _cyclic(calls):
        raise LoadError(
            f"{name} has a function that calls itself, '{cyclic:.64}', which is refused"
        )


def _cyclic(calls: dict[tuple[str, str], set[tuple[str, str]]]) -> str | None:
    """The name of a function on a cycle; functions without calls are taken away until none is."""
    left = {key: called & calls.keys() for key, called in calls.items()}
    while left:
        ends = [key for key, called in left.items() if not called & left.keys()]
        if not ends:
            return next(iter(left))[1]
        for key in ends:
            del left[key]
    return None


def _check_operators(name: str, model: onnx.ModelProto) -> None:
    own = {function.domain for function in model.functions}
    used = Counter((node.domain, node.op_type) for node in all_nodes(model))
    if unknown := sorted({domain for domain, _ in used} - own - _DOMAINS):
        raise LoadError(
            f"{name} uses operators of {', '.join(f'{d:.64}' for d in unknown[:5])}, which the "
            "function's onnxruntime does not have; export the model with standard ONNX operators"
        )
    if forbidden := sorted({kind for _, kind in used} & _FORBIDDEN):
        raise LoadError(
            f"{name} uses {', '.join(forbidden)}, which runs what is not in the file; export the "
            "model with standard ONNX operators"
        )


def _check_opsets(name: str, model: onnx.ModelProto) -> None:
    newest = onnx.defs.onnx_opset_version()
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and opset.version > newest:
            raise LoadError(
                f"{name} needs ONNX opset {opset.version}, and opsets up to {newest} are known "
                "here; export it with an older opset, or upgrade onnx and onnxruntime"
            )


_CHECKS: tuple[Callable[[str, onnx.ModelProto], None], ...] = (
    _check_size,
    _check_functions,
    _check_operators,
    _check_opsets,
    check_tensors,
)
