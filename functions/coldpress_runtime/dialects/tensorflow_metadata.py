"""A model's signature as TensorFlow Serving tells it, for clients that look there for its tensors.

Source: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md and
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.loading import LoadedModel

__all__ = ["render_metadata"]

_METHOD = "tensorflow/serving/predict"
# What TensorFlow calls a datatype otherwise than by DT_ and the protocol's name.
_DTYPES = {"BYTES": "STRING", "FP16": "HALF", "FP32": "FLOAT", "FP64": "DOUBLE"}


def render_metadata(model: LoadedModel, name: str) -> bytes:
    """The model's one signature, as JSON.

    Args:
        model: What is served.
        name: What the signature is called.
    """
    signature = model.manifest.signature
    definition = {
        "inputs": _described(signature.inputs),
        "outputs": _described(signature.outputs),
        "method_name": _METHOD,
    }
    document = {
        "model_spec": {
            "name": model.manifest.name,
            "signature_name": "",
            "version": model.version,
        },
        "metadata": {"signature_def": {"signature_def": {name: definition}}},
    }
    return orjson.dumps(document)


def _described(specs: Iterable[TensorSpec]) -> dict[str, Any]:
    return {spec.name: _tensor(spec) for spec in specs}


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in spec.shape]
    return {
        "name": spec.name,
        "dtype": f"DT_{_DTYPES.get(spec.datatype, spec.datatype)}",
        "tensor_shape": {"dim": dimensions, "unknown_rank": False},
    }
