"""A model that gives back what it gets, in every datatype, and Triton's client's way to ask it."""

import hashlib

import numpy as np
import obstore
import onnx
import tritonclient.http as triton
from onnx import helper

from coldpress_runtime.artifact import (
    Blob,
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
)
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.session import DTYPES, ModelSession
from coldpress_runtime.store import open_store

__all__ = ["ARRAYS", "LABELS", "SHAPES", "inputs_of", "published", "same", "wanted"]

# One input for each datatype, and shapes that are none of a table's.
SHAPES = {
    **{datatype: (datatype, [None, 2]) for datatype in DTYPES},
    "scalar": ("FP32", []),
    "empty": ("INT64", [None, 0]),
    "image": ("UINT8", [None, None, 2, 3]),
}
ARRAYS = {
    "BOOL": np.array([[True, False], [False, True]]),
    **{
        name: np.array([[info.min, info.max], [0, 1]], dtype)
        for name, dtype in DTYPES.items()
        if dtype.kind in "iu"
        for info in [np.iinfo(dtype)]
    },
    **{
        name: np.array([[info.min, info.max], [info.tiny, -0.0]], dtype)
        for name, dtype in DTYPES.items()
        if dtype.kind == "f"
        for info in [np.finfo(dtype)]
    },
    "BYTES": np.array([["a", ""], ["é\x00", "漢字"]], dtype=object),
    "scalar": np.array(1.5, np.float32),
    "empty": np.empty((2, 0), np.int64),
    "image": np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3),
}
LABELS = ("cat", "dog")


def published(root):
    """Write the model to a store; each output has its input's name and a mark. Gives its URI."""
    graph = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in SHAPES],
        "echo",
        [_value(name, *kind) for name, kind in SHAPES.items()],
        [_value(f"{name}_out", *kind) for name, kind in SHAPES.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    return _stored(model.SerializeToString(), root)


def inputs_of(*, binary=True, **changes):
    """Every input with its array, or another one, as bytes or as JSON."""
    made = []
    for name, array in {**ARRAYS, **changes}.items():
        given = triton.InferInput(name, list(array.shape), SHAPES[name][0])
        made.append(given.set_data_from_numpy(array, binary_data=binary))
    return made


def wanted(*names, **options):
    """Requests for outputs by their inputs' names."""
    return [triton.InferRequestedOutput(f"{name}_out", **options) for name in names]


def same(result, name, expected=None):
    """Whether an output is bit for bit what was sent; strings are bytes to the client, or text."""
    array = ARRAYS[name] if expected is None else expected
    found = result.as_numpy(f"{name}_out")
    assert found.shape == array.shape
    if not array.size:  # for which the client makes an array of its own, of floats
        return True
    if SHAPES[name][0] != "BYTES":
        return found.dtype == array.dtype and found.tobytes() == array.tobytes()
    texts = [item.decode() if isinstance(item, bytes) else item for item in found.reshape(-1)]
    return texts == list(array.reshape(-1))


def _value(name, datatype, shape):
    kind = helper.np_dtype_to_tensor_dtype(DTYPES[datatype])
    return helper.make_tensor_value_info(name, kind, shape)


def _stored(model, root):
    session = ModelSession(model)
    outputs = tuple(
        spec._replace(labels=LABELS) if spec.name == "FP64_out" else spec
        for spec in session.outputs
    )
    digest = hashlib.sha256(model).hexdigest()
    manifest = Manifest(
        name="echo",
        source=Source(framework="onnx", format="onnx", sha256=digest, versions={}),
        signature=Signature(inputs=session.inputs, outputs=outputs),
        blobs=(
            Blob(
                role="model", path="model.onnx", compression="none", size=len(model),
                sha256=digest, unpacked_size=len(model), unpacked_sha256=digest,
            ),
        ),
        compression="lossless",
        certificate=CertificateSummary(passed=True, rows=1, max_abs_diff=0.0, label_agreement=None),
        runtime=RuntimeNeeds(ir_version=10, opsets={"": 17}, onnxruntime=""),
    )  # fmt: skip
    uri = ModelUri(root=root, name=manifest.name, digest=manifest.digest)
    store = open_store(root, create=True)
    obstore.put(store, uri.blob_path("model.onnx"), model)
    obstore.put(store, uri.manifest_path, manifest.to_bytes())
    return uri
