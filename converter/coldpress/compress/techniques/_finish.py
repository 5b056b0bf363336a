"""The last touches to what a quantiser made: as the model was, but for its weights."""

from __future__ import annotations

import onnx

from coldpress.errors import CompressionError

from ._tensors import graphs_of

__all__ = ["finished"]

# Two values to a byte are of this version of the format on.
_IR_OF_INT4 = 10
_INT4 = (onnx.TensorProto.INT4, onnx.TensorProto.UINT4)


def finished(made: onnx.ModelProto, before: onnx.ModelProto) -> onnx.ModelProto:
    """Give a model its inputs, outputs and properties back, and only the operator sets it uses.

    Args:
        made: What a technique made, changed in place.
        before: The graph that it was made from; its large tensors may be away.

    Raises:
        CompressionError: Inputs or outputs are other ones.
    """
    for kind in ("input", "output"):
        _restore(getattr(made.graph, kind), getattr(before.graph, kind))
    del made.graph.value_info[:]
    del made.metadata_props[:]
    made.metadata_props.extend(before.metadata_props)
    _restore_opsets(made, before)
    halves = any(t.data_type in _INT4 for g in graphs_of(made.graph) for t in g.initializer)
    made.ir_version = max(before.ir_version, _IR_OF_INT4) if halves else before.ir_version
    return made


def _restore(after: list[onnx.ValueInfoProto], before: list[onnx.ValueInfoProto]) -> None:
    if [value.name for value in after] != [value.name for value in before]:
        raise CompressionError("its inputs or outputs are other ones")
    for value, original in zip(after, before, strict=True):
        value.CopyFrom(original)


def _restore_opsets(made: onnx.ModelProto, before: onnx.ModelProto) -> None:
    """Keep the operator sets that are used, each in the version that was made or was there."""
    used = {node.domain for graph in graphs_of(made.graph) for node in graph.node}
    used.update(node.domain for function in made.functions for node in function.node)
    used.update(opset.domain for opset in before.opset_import)
    kept = [opset for opset in made.opset_import if opset.domain in used]
    kept.sort(key=lambda opset: opset.domain)
    pairs = [(opset.domain, opset.version) for opset in kept]
    del made.opset_import[:]
    made.opset_import.extend(onnx.helper.make_opsetid(*pair) for pair in pairs)
