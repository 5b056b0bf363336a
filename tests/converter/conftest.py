"""Stores of each kind, and versions in them without a model."""

import hashlib

import obstore
import pytest

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


@pytest.fixture
def add_version(store_root):
    """A function that puts a version of the model `churn` into the store."""

    def add(content):
        digest = hashlib.sha256(content).hexdigest()
        blob = Blob(
            role="model", path="model.onnx", compression="none", size=len(content),
            sha256=digest, unpacked_size=len(content), unpacked_sha256=digest,
        )  # fmt: skip
        tensor = TensorSpec(name="x", datatype="FP32", shape=(-1, 2))
        manifest = Manifest(
            name="churn",
            source=Source(framework="onnx", format="onnx", sha256=digest),
            signature=Signature(inputs=(tensor,), outputs=(tensor,)),
            blobs=(blob,),
            compression="lossless",
            certificate=CertificateSummary(
                passed=True, rows=1, max_abs_diff=0.0, label_agreement=None
            ),
            runtime=RuntimeNeeds(ir_version=10, opsets={"": 21}, onnxruntime="1.32.0"),
        )
        uri = ModelUri(root=store_root, name="churn", digest=manifest.digest)
        store = connect(store_root)
        obstore.put(store, uri.blob_path("model.onnx"), content)
        obstore.put(store, uri.manifest_path, manifest.to_bytes())
        return uri

    return add
