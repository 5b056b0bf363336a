"""What is put right in a graph after skl2onnx: outputs as the original gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from coldpress.exporters._graph import OPSET

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["give_whole_numbers", "split_targets"]

_STACKED = 3


def split_targets(model: onnx.ModelProto, widths: Sequence[int]) -> None:
    """A label and probabilities for each target, from a matrix of labels and all probabilities.

    Args:
        model: Its outputs are labels, ``(rows, targets)``, and probabilities, ``(targets, rows,
            classes)`` or, side by side, ``(rows, all classes)``; they are replaced.
        widths: How many classes each target has.
    """
    labels, scores = model.graph.output[0], model.graph.output[1]
    stacked = len(scores.type.tensor_type.shape.dim) == _STACKED
    made = [_label(model, labels, index) for index in range(len(widths))]
    start = 0
    for index, width in enumerate(widths):
        source = scores.name
        if stacked:
            source = _node(model, "Gather", [source, _number(model, index)], axis=0)
        bounds = [_numbers(model, [at]) for at in (start, start + width, 1)]
        value = _node(model, "Slice", [source, *bounds])
        kind = scores.type.tensor_type.elem_type
        made.append(helper.make_tensor_value_info(value, kind, ["rows", width]))
        start += 0 if stacked else width
    del model.graph.output[:]
    model.graph.output.extend(made)


def give_whole_numbers(
    model: onnx.ModelProto, shown: Mapping[str, NDArray[Any]], own: Mapping[str, NDArray[Any]]
) -> None:
    """Cast outputs to whole numbers that the original gives as such.

    Args:
        model: The model, changed in place.
        shown: What it gives for some rows, by output name.
        own: What the original gives for them.
    """
    for value in model.graph.output:
        kinds = shown[value.name].dtype.kind, own[value.name].dtype.kind
        if kinds[0] == "f" and kinds[1] in "iu":
            inner = _freed(model, value.name)
            cast = helper.make_node("Cast", [inner], [value.name], to=TensorProto.INT64)
            cast.name = _free(model, "cast")
            model.graph.node.append(cast)
            value.type.tensor_type.elem_type = TensorProto.INT64


def _freed(model: onnx.ModelProto, name: str) -> str:
    """Another name for a value, so that what is made of it can have its own."""
    other = _free(model, "value")
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [other if each == name else each for each in names]
    return other


def _label(model: onnx.ModelProto, labels: onnx.ValueInfoProto, index: int) -> onnx.ValueInfoProto:
    value = _node(model, "Gather", [labels.name, _number(model, index)], axis=1)
    return helper.make_tensor_value_info(value, labels.type.tensor_type.elem_type, ["rows"])


def _node(model: onnx.ModelProto, kind: str, inputs: list[str], **attributes: Any) -> str:  # noqa: ANN401
    name = _free(model, kind.lower())
    model.graph.node.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
    if not any(opset.domain == "" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", OPSET))
    return name


def _number(model: onnx.ModelProto, value: int) -> str:
    return _constant(model, np.array(value, dtype=np.int64))


def _numbers(model: onnx.ModelProto, values: list[int]) -> str:
    return _constant(model, np.array(values, dtype=np.int64))


def _constant(model: onnx.ModelProto, array: NDArray[np.int64]) -> str:
    name = _free(model, "number")
    model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return name


def _free(model: onnx.ModelProto, stem: str) -> str:
    """A name that nothing in the graph has."""
    graph = model.graph
    taken = {value.name for value in (*graph.input, *graph.output, *graph.initializer)}
    taken.update(name for node in graph.node for name in (node.name, *node.output))
    return next(name for n in count() if (name := f"finish_{stem}_{n}") not in taken)
