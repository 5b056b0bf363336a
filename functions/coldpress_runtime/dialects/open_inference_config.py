"""A model as Triton's configuration describes it, for clients that look there for its tensors.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_model_configuration.html
"""

from __future__ import annotations

from typing import Any

import orjson

from coldpress_runtime.artifact import Manifest, TensorSpec

__all__ = ["render_config"]

# What Triton calls a datatype otherwise than by TYPE_ and the protocol's name.
_STRINGS = {"BYTES": "STRING"}


def render_config(manifest: Manifest) -> bytes:
    """The model's configuration, as JSON.

    Its largest batch is 0, by which Triton means that requests are not gathered into batches, and
    that shapes are whole, the dimension of rows included.
    """
    document = {
        "name": manifest.name,
        "platform": "onnxruntime_onnx",
        "backend": "onnxruntime",
        "max_batch_size": 0,
        "input": [_described(spec) for spec in manifest.signature.inputs],
        "output": [_described(spec) for spec in manifest.signature.outputs],
    }
    return orjson.dumps(document)


def _described(spec: TensorSpec) -> dict[str, Any]:
    datatype = _STRINGS.get(spec.datatype, spec.datatype)
    return {"name": spec.name, "data_type": f"TYPE_{datatype}", "dims": spec.shape}
