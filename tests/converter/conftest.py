"""Stores of each kind, and small versions to put into them."""

import hashlib

import obstore
import onnx
import pytest
from onnx import TensorProto, helper

from coldpress.bundle import Bundle, write_bundle
from coldpress.packing import Cutting, pack_blob
from coldpress.stores import connect
from coldpress_runtime.artifact import (
    Blob,
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
    TensorSpec,
)
from coldpress_runtime.pointers import ModelUri


@pytest.fixture(params=["directory", "s3"])
def store_root(request, tmp_path):
    """An empty store's URL: a directory, and a bucket of a moto server over HTTP."""
    if request.param == "directory":
        folder = tmp_path / "a store"
        folder.mkdir()
        return folder.as_uri()
    return f"s3://{request.getfixturevalue('bucket')}/models"


def churn_manifest(content):
    """A manifest of the model `churn`, with two numbers in and two out."""
    digest = hashlib.sha256(content).hexdigest()
    blob = Blob(
        role="model", path="model.onnx", compression="none", size=len(content),
        sha256=digest, unpacked_size=len(content), unpacked_sha256=digest,
    )  # fmt: skip
    x = TensorSpec(name="x", datatype="FP32", shape=(-1, 2))
    y = TensorSpec(name="y", datatype="FP32", shape=(-1, 2))
    return Manifest(
        name="churn",
        source=Source(framework="onnx", format="onnx", sha256=digest, versions={}),
        signature=Signature(inputs=(x,), outputs=(y,)),
        blobs=(blob,),
        compression="lossless",
        certificate=CertificateSummary(passed=True, rows=1, max_abs_diff=0.0, label_agreement=None),
        runtime=RuntimeNeeds(ir_version=10, opsets={"": 21}, onnxruntime="1.32.0"),
    )


@pytest.fixture(scope="session")
def doubler():
    """An ONNX file that doubles two numbers."""
    node = helper.make_node("Add", ["x", "x"], ["y"])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 2]) for n in "xy")
    graph = helper.make_graph([node], "doubler", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def churn_bundle(tmp_path, doubler):
    """A bundle of the model `churn`, which doubles two numbers."""
    path = tmp_path / "bundle"
    write_bundle(path, churn_manifest(doubler), {"model.onnx": doubler})
    return Bundle.open(path)


@pytest.fixture
def framed_bundle(tmp_path, churn_bundle):
    """The same, with 10 kB of weights beside the graph in four frames."""
    (tmp_path / "weights").write_bytes(bytes(range(100)) * 100)
    cutting = Cutting(least_bytes=0, frame_bytes=3000)
    made = pack_blob(tmp_path / "weights", tmp_path, role="weights", cutting=cutting)
    manifest = churn_bundle.manifest
    manifest = manifest._replace(blobs=(*manifest.blobs, made.blob))
    graph = (churn_bundle.path / "model.onnx").read_bytes()
    files = {"model.onnx": graph, made.blob.path: made.stored}
    write_bundle(tmp_path / "framed", manifest, files)
    return Bundle.open(tmp_path / "framed")


@pytest.fixture
def add_version(store_root):
    """A function that puts a version of the model `churn` into the store, of any bytes."""

    def add(content):
        manifest = churn_manifest(content)
        uri = ModelUri(root=store_root, name="churn", digest=manifest.digest)
        store = connect(store_root)
        obstore.put(store, uri.blob_path("model.onnx"), content)
        obstore.put(store, uri.manifest_path, manifest.to_bytes())
        return uri

    return add
