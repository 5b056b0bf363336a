import orjson
import pytest

from coldpress_runtime.artifact import DATATYPES, Signature, TensorSpec
from coldpress_runtime.dialects.open_inference_config import render_config


@pytest.mark.parametrize("datatype", DATATYPES)
def test_a_configuration_describes_the_models_tensors(store_model, datatype):
    """Name and whole shape of each tensor stand in Triton's words; only strings have another."""
    x = TensorSpec(name="x", datatype=datatype, shape=(-1, 3))
    y = TensorSpec(name="y", datatype=datatype, shape=())
    manifest = store_model("file:///s", signature=Signature(inputs=(x,), outputs=(y,))).manifest
    kind = "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"
    assert orjson.loads(render_config(manifest)) == {
        "name": "breast-cancer",
        "platform": "onnxruntime_onnx",
        "backend": "onnxruntime",
        "max_batch_size": 0,
        "input": [{"name": "x", "data_type": kind, "dims": [-1, 3]}],
        "output": [{"name": "y", "data_type": kind, "dims": []}],
    }
