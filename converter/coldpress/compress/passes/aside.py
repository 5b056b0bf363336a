"""Large tensors put aside while a graph is simplified, which would hold each of them six times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import onnx

from coldpress.onnx_file import bring_in

__all__ = ["Aside", "bring_back", "set_aside"]

# Fewer values are worth folding: shapes, scales, small kernels.
_LEAST_VALUES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aside:
    """What was put aside.

    Attributes:
        tensors: The tensors, in their order.
        stand_ins: Inputs that were added in their place.
    """

    tensors: tuple[onnx.TensorProto, ...]
    stand_ins: frozenset[str]


def set_aside(
    model: onnx.ModelProto, folder: Path | None, least_values: int = _LEAST_VALUES
) -> Aside:
    """Take the large tensors out of a model, each replaced by an input of its type and shape.

    Args:
        model: The model, changed in place; small tensors that lie outside come inside.
        folder: Where its external data lies.
        least_values: How many values make a tensor large.
    """
    graph, inputs = model.graph, {value.name for value in model.graph.input}
    large = [tensor for tensor in graph.initializer if math.prod(tensor.dims) >= least_values]
    for tensor in large:
        graph.initializer.remove(tensor)
    stand_ins = [tensor for tensor in large if tensor.name not in inputs]
    graph.input.extend(
        onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        for tensor in stand_ins
    )
    if folder is not None:
        bring_in(model, folder)
    names = frozenset(tensor.name for tensor in stand_ins)
    return Aside(tensors=tuple(large), stand_ins=names)


def bring_back(model: onnx.ModelProto, aside: Aside) -> None:
    """Put the tensors that are still used back in their place."""
    kept = [value for value in model.graph.input if value.name not in aside.stand_ins]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    used = {value.name for value in (*kept, *model.graph.output)} | _used(model.graph)
    model.graph.initializer.extend(tensor for tensor in aside.tensors if tensor.name in used)


def _used(graph: onnx.GraphProto) -> set[str]:
    """Names that nodes ask for, in the graphs inside it, too."""
    names: set[str] = set()
    for node in graph.node:
        names.update(node.input)
        for found in node.attribute:
            for inner in (*([found.g] if found.HasField("g") else []), *found.graphs):
                names |= _used(inner) | {value.name for value in inner.output}
    return names
