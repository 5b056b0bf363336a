"""In how many bits a Keras model calculates, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coldpress.errors import ExportError

__all__ = ["caution_of"]

_CURE = "build the model with the policy float32 and give it these weights"


def caution_of(model: Any) -> str:  # noqa: ANN401 - untyped package
    """Why an export may not answer like a model that calculates in float16; empty if it does not.

    Raises:
        ExportError: A layer calculates in bfloat16.
    """
    caution = ""
    for layer in _parts(model):
        told = f"the layer '{layer.name}' calculates in {layer.compute_dtype}"
        if layer.dtype_policy.name != layer.compute_dtype:
            told += f" (policy {layer.dtype_policy.name})"
        if layer.compute_dtype == "bfloat16":
            raise ExportError(f"{told}, which onnxruntime has not on the CPU; {_CURE}")
        if layer.compute_dtype == "float16" and not caution:
            caution = f"{told}, which TensorFlow and onnxruntime round differently; {_CURE}"
    return caution


def _parts(model: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    for layer in getattr(model, "layers", ()):
        yield from _parts(layer)
        yield layer
