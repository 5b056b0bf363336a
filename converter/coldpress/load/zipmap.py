"""ZipMaps at a model's end, taken away: they wrap scores into maps, which can't be served.

The scores come out as the tensor that they are, and the map's keys are kept as its class labels.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from coldpress.errors import LoadError
from coldpress.onnx_file import Label

__all__ = ["unwrap_zipmaps"]

_FIELDS = ("classlabels_strings", "classlabels_int64s")


def unwrap_zipmaps(model: onnx.ModelProto) -> dict[str, tuple[Label, ...]]:
    """Replace each output that a ZipMap makes by the tensor that feeds it; in place.

    Args:
        model: The model, which has passed the gate.

    Returns:
        Class labels by the name of the output that has taken the map's place; empty if there was
        no ZipMap to take away. Two that wrap the same tensor leave it as one output.

    Raises:
        LoadError: Two give one tensor different labels, or labels are no text.
    """
    graph = model.graph
    maps = {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "ZipMap" and node.domain == "ai.onnx.ml" and node.output
    }
    used = {name for node in graph.node for name in node.input}
    kept = {value.name for value in graph.output} - maps.keys()
    labels: dict[str, tuple[Label, ...]] = {}
    outputs = []
    for value in graph.output:
        node = maps.get(value.name)
        if node is None or value.name in used:
            outputs.append(value)
            continue
        classes = _labels(node)
        name = _unwrap(graph, node)
        if labels.setdefault(name, classes) != classes:
            raise LoadError(
                f"two ZipMaps give '{name:.64}' different class labels, and it can have only one "
                "set of them; export the model without one of them"
            )
        if name not in kept and name not in (value.name for value in outputs):
            shape = [_rows(graph), len(classes)]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    if labels:
        graph.ClearField("output")
        graph.output.extend(outputs)
    return labels


def _labels(node: onnx.NodeProto) -> tuple[Label, ...]:
    for attribute in node.attribute:
        if attribute.name == _FIELDS[0] and attribute.strings:
            try:
                return tuple(text.decode() for text in attribute.strings)
            except UnicodeDecodeError as error:
                raise LoadError(
                    f"the ZipMap '{node.output[0]:.64}' has class labels that are no text in "
                    "UTF-8; export the model without it: zipmap=False in skl2onnx"
                ) from error
        if attribute.name == _FIELDS[1] and attribute.ints:
            return tuple(int(number) for number in attribute.ints)
    return ()


def _unwrap(graph: onnx.GraphProto, node: onnx.NodeProto) -> str:
    """Take a ZipMap out of a graph; the name of the tensor that stands for its output."""
    fed, made = str(node.input[0]), str(node.output[0])
    if fed in {output for other in graph.node for output in other.output}:
        graph.node.remove(node)
        return fed
    # The model's own input or a weight, which can't be an output under its name.
    node.CopyFrom(helper.make_node("Identity", [fed], [made], name=node.name))
    return made


def _rows(graph: onnx.GraphProto) -> int | str | None:
    """The first dimension of the first input that has one, as it is written there."""
    weights = {tensor.name for tensor in graph.initializer}
    for value in graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name not in weights and dims:
            first = dims[0]
            return first.dim_value if first.HasField("dim_value") else first.dim_param or None
    return None
