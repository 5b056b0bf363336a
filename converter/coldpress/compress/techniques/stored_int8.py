"""Weights stored in int8 and computed with as they were: smaller, and no slower once it is open.

What onnxruntime's quantisers can't change, such as recurrent layers, is made smaller by this, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from coldpress.errors import CompressionError

from ._candidate import Candidate, Material
from ._tensors import graphs_of, replace_weights, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CANDIDATES", "store_int8"]

_MOST = 127
# Scales in float32 shall be few beside the values that they are for.
_LEAST_PER_SCALE = 16


def store_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every weight that is left in float as int8 with scales, changed in place."""
    for graph in graphs_of(model.graph):
        for weight in weights_of(graph):
            _store(graph, weight)
    return model


def _build(material: Material) -> onnx.ModelProto:
    model = material.model.whole()
    if not any(weights_of(graph) for graph in graphs_of(model.graph)):
        raise CompressionError("there is no constant weight in it")
    return store_int8(model)


def _store(graph: onnx.GraphProto, weight: onnx.TensorProto) -> None:
    values = numpy_helper.to_array(weight)
    if not np.isfinite(values).all():
        return
    name = weight.name
    whole, scales = _rounded(values)
    names = [f"{name}__int8", f"{name}__scales", f"{name}__cast"]
    nodes = [
        helper.make_node("Cast", [names[0]], [names[2]], name=names[2], to=weight.data_type),
        helper.make_node("Mul", [names[2], names[1]], [name], name=f"{name}__mul"),
    ]
    replace_weights(graph, weight, dict(zip(names, (whole, scales), strict=False)), nodes)


def _rounded(values: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[Any]]:
    """Whole numbers and scales along the axis that loses least."""
    best: tuple[float, NDArray[np.int8], NDArray[Any]] | None = None
    for axis, size in enumerate(values.shape):
        if best and values.size < _LEAST_PER_SCALE * size:
            continue
        whole, scales = _rounded_along(values, axis)
        lost = float(np.square(values - whole * scales, dtype=np.float64).sum())
        if best is None or lost < best[0]:
            best = lost, whole, scales
    if best is None:
        raise CompressionError("a weight has no axis")
    return best[1:]


def _rounded_along(values: NDArray[Any], axis: int) -> tuple[NDArray[np.int8], NDArray[Any]]:
    others = tuple(place for place in range(values.ndim) if place != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scales = (np.where(largest > 0, largest, 1) / _MOST).astype(values.dtype)
    whole = np.clip(np.rint(values / scales), -_MOST, _MOST).astype(np.int8)
    return whole, scales


CANDIDATES = (Candidate(name="int8 weights, float32 products", technique="int8", build=_build),)
