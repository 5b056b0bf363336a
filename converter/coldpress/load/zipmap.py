"""ZipMap rewritten away: class scores as the matrix that they were, the classes beside it."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import TensorProto, helper

from coldpress.onnx_file import Label

__all__ = ["without_zipmaps"]

_KINDS = {"map_type", "sequence_type"}


def without_zipmaps(model: onnx.ModelProto) -> Mapping[str, tuple[Label, ...]]:
    """Make each output that a ZipMap wraps the matrix behind it, ``(rows, classes)``.

    Args:
        model: The model, changed in place where an output is a ZipMap's.

    Returns:
        Class labels by output name, of such outputs and of the label beside them.
    """
    wrapping = {
        node.output[0]: node
        for node in model.graph.node
        if node.op_type == "ZipMap" and node.domain == "ai.onnx.ml"
    }
    labels: dict[str, tuple[Label, ...]] = {}
    for value in model.graph.output:
        node = wrapping.get(value.name)
        if node is None or value.type.WhichOneof("value") not in _KINDS:
            continue
        labels[value.name] = _classes(node)
        _unwrap(model, value, node, len(labels[value.name]))
    if labels:
        _label_beside(model, labels)
    return labels


def _classes(node: onnx.NodeProto) -> tuple[Label, ...]:
    for attribute in node.attribute:
        if attribute.name == "classlabels_strings" and attribute.strings:
            return tuple(text.decode("utf-8", "replace") for text in attribute.strings)
        if attribute.name == "classlabels_int64s" and attribute.ints:
            return tuple(attribute.ints)
    return ()


def _unwrap(
    model: onnx.ModelProto, value: onnx.ValueInfoProto, node: onnx.NodeProto, classes: int
) -> None:
    # The name stays: an Identity costs nothing, since onnxruntime removes it.
    identity = helper.make_node("Identity", [node.input[0]], [value.name], name=node.name)
    place = next(i for i, other in enumerate(model.graph.node) if other == node)
    model.graph.node.remove(node)
    model.graph.node.insert(place, identity)
    shape: list[str | int | None] = ["rows", classes or None]
    value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))
    if not any(opset.domain in ("", "ai.onnx") for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 13))


def _label_beside(model: onnx.ModelProto, labels: dict[str, tuple[Label, ...]]) -> None:
    """The classes of the one label output, too, where there is just one."""
    (classes, *others) = labels.values()
    kinds = (TensorProto.INT64, TensorProto.STRING)
    plain = [
        value.name
        for value in model.graph.output
        if value.name not in labels and value.type.tensor_type.elem_type in kinds
    ]
    if len(plain) == 1 and not others:
        labels[plain[0]] = classes
