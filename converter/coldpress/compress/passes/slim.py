"""onnxslim over the graph: constants folded, what is computed twice or for nobody taken out."""

from __future__ import annotations

import onnx

from coldpress.onnx_file import initialisers
from coldpress.onnx_parts import nodes
from coldpress.quiet import quietly

from ._trees import has_trees

__all__ = ["slim"]

# It gains nothing on a single operator.
_LEAST_NODES = 2
# What is annotated, such as a value's shape, is no reason to change a file.
_WORTH_IT = 0.99
_KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


def slim(model: onnx.ModelProto) -> tuple[onnx.ModelProto, bool]:
    """Simplify a graph with all its tensors inside; the model as it was where that gains nothing.

    To gain is to have fewer nodes and no more bytes, or 1 % fewer bytes and no more nodes. Trees
    are left alone, since all of theirs lies in one node, and so are models with functions of their
    own, which onnxslim does not keep.
    """
    if model.functions or len(model.graph.node) < _LEAST_NODES or has_trees(model):
        return model, False
    if _of_unknown_type(model):
        return model, False
    try:
        made = _slimmed(model)
    except Exception:  # noqa: BLE001 - whatever it stumbles over, there is the model as it was
        return model, False
    return (made, True) if _gains(model, made) else (model, False)


def _slimmed(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnxslim  # noqa: PLC0415 - sympy takes half a second

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    with quietly():
        made: onnx.ModelProto = onnxslim.slim(copy)
    for kind in ("input", "output"):
        _restore(getattr(model.graph, kind), getattr(made.graph, kind))
    # Shapes that it inferred on the way; onnxruntime infers them again.
    del made.graph.value_info[:]
    del made.metadata_props[:]
    made.metadata_props.extend(model.metadata_props)
    made.ir_version = model.ir_version
    return made


def _of_unknown_type(model: onnx.ModelProto) -> bool:
    """Whether classical operators may take what operators that onnx does not know have made.

    The type of that nobody says, and the inference of shapes of `LabelEncoder`, among others, ends
    the whole process over it (onnx 1.23).
    """
    domains = {node.domain for node in nodes(model)}
    return "ai.onnx.ml" in domains and not domains <= _KNOWN_DOMAINS


def _restore(before: list[onnx.ValueInfoProto], after: list[onnx.ValueInfoProto]) -> None:
    names = [[value.name for value in side] for side in (before, after)]
    if names[0] != names[1]:
        raise ValueError("inputs or outputs are other ones")
    for value, original in zip(after, before, strict=True):
        value.CopyFrom(original)


def _gains(before: onnx.ModelProto, after: onnx.ModelProto) -> bool:
    nodes = len(before.graph.node), len(after.graph.node)
    lengths = _length(before), _length(after)
    if nodes[1] < nodes[0]:
        return lengths[1] <= lengths[0]
    return nodes[1] == nodes[0] and lengths[1] < _WORTH_IT * lengths[0]


def _length(model: onnx.ModelProto) -> int:
    """Length in bytes of what an answer depends on, or nearly: tensors and nodes."""
    tensors = sum(int(tensor.ByteSize()) for tensor in initialisers(model))
    return tensors + sum(int(node.ByteSize()) for node in model.graph.node)
