"""Only operators that the function's onnxruntime has: no other domains, no compiled contexts."""

from __future__ import annotations

import onnx

from coldpress.errors import LoadError
from coldpress.onnx_parts import nodes

__all__ = ["check_operators"]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# What an execution provider compiled: a blob of its own, or the name of a file with one.
_COMPILED = "EPContext"


def check_operators(name: str, model: onnx.ModelProto) -> None:
    """Refuse operators of unknown domains, and of opsets newer than are known."""
    own = {(function.domain, function.name) for function in model.functions}
    unknown = set()
    for node in nodes(model):
        if node.op_type == _COMPILED:
            raise LoadError(
                f"{name} has an {_COMPILED} node, which was compiled for one accelerator; give the "
                "model that it was compiled from"
            )
        if node.domain not in _DOMAINS and (node.domain, node.op_type) not in own:
            unknown.add(node.domain)
    if unknown:
        raise LoadError(
            f"{name} uses operators of {', '.join(f'{d:.80}' for d in sorted(unknown)[:8])}, which "
            "the function's onnxruntime does not have; export the model with standard ONNX "
            "operators"
        )
    _check_opsets(name, model)


def _check_opsets(name: str, model: onnx.ModelProto) -> None:
    newest = onnx.defs.onnx_opset_version()
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and opset.version > newest:
            raise LoadError(
                f"{name} needs ONNX opset {opset.version}, and opsets up to {newest} are known "
                "here; export it with an older opset, or upgrade onnx and onnxruntime"
            )
