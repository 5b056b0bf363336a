"""Stores of each kind, and small versions to put into them."""

import hashlib
import json

import obstore
import onnx
import pytest
from onnx import TensorProto, helper

from coldpress.bundle import Bundle, plain_blob, write_bundle
from coldpress.certification import EXACT, Certificate, OutputCheck
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
    """A bundle of the model `churn`, which doubles two numbers: the model and its certificate."""
    path, proof = tmp_path / "bundle", certificate_of().to_bytes()
    manifest = churn_manifest(doubler)
    blobs = (*manifest.blobs, plain_blob("certificate", "certificate.json", proof))
    files = {"model.onnx": doubler, "certificate.json": proof}
    write_bundle(path, manifest._replace(blobs=blobs), files)
    return Bundle.open(path)


def output_check(**fields):
    """A check of the output `y` that found every value equal, but for what is said otherwise."""
    figures = dict.fromkeys(
        [f"{kind}_{of}_diff" for kind in ("max", "p99", "mean") for of in ("abs", "rel")], 0.0
    )
    flags = dict.fromkeys(["nan_equal", "inf_equal", "kind_equal", "shape_equal"], True)
    known = {"name": "y", "datatype": "FP32", "rows": 10, "rows_beyond": 0, **figures, **flags}
    return OutputCheck(**{**known, "histogram": (20, *[0] * 16), **fields})


def certificate_of(**fields):
    """A certificate of the model `churn` that passed, but for what is said otherwise."""
    known = {
        "passed": True, "rows": 10, "original": "a function", "tolerance": EXACT,
        "outputs": (output_check(),), "batches": (), "versions": {"onnxruntime": "1.32.0"},
        "machine": "x86_64", "cpu_flags": ("avx2", "fma"),
    }  # fmt: skip
    return Certificate(**{**known, **fields})


@pytest.fixture
def make_bundle(tmp_path, doubler):
    """A function that makes a whole bundle of the model `churn`: certificate, golden, record."""
    example = {
        "request": {"inputs": [tensor_of("x", [1.0, 2.0])]},
        "response": {"outputs": [tensor_of("y", [2.0, 4.0])]},
    }

    def make(certificate=None, *, record=None, examples=(example,), name="whole", **fields):
        certificate = certificate or certificate_of()
        files = {
            "model.onnx": doubler,
            "golden.json": json.dumps({"schema_version": 1, "examples": examples}).encode(),
            "certificate.json": certificate.to_bytes(),
        }
        blobs = [
            plain_blob(role, f"{role}.json", files[f"{role}.json"])
            for role in ("golden", "certificate")
        ]
        manifest = churn_manifest(doubler)._replace(certificate=certificate.summary)
        manifest = manifest._replace(blobs=(*manifest.blobs, *blobs), **fields)
        companions = {"record.json": record.to_bytes()} if record else {}
        write_bundle(tmp_path / name, manifest, files, companions=companions)
        return Bundle.open(tmp_path / name)

    return make


def tensor_of(name, data):
    """One row of two numbers, as a request or a response has it."""
    return {"name": name, "datatype": "FP32", "shape": [1, 2], "data": data}


@pytest.fixture
def failed_bundle(make_bundle):
    """A bundle whose certificate failed, on two rows of the output `y`."""
    check = output_check(
        max_abs_diff=0.5, rows_beyond=2, wrong_rows=(3, 7), problem="differs by 0.5 in 2 rows"
    )
    return make_bundle(certificate_of(passed=False, outputs=(check,)), name="failed")


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """A folder of keys: two pairs, an encrypted one, and what is no key for a signature."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    folder = tmp_path_factory.mktemp("keys")
    for name, curve in [("ours", ec.SECP256R1()), ("theirs", ec.SECP384R1())]:
        _write_pair(folder, name, ec.generate_private_key(curve))
    _write_pair(folder, "encrypted", ec.generate_private_key(ec.SECP521R1()), b"secret")
    _write_pair(folder, "bitcoin", ec.generate_private_key(ec.SECP256K1()))
    _write_pair(folder, "edwards", ed25519.Ed25519PrivateKey.generate())
    (folder / "junk.pem").write_text("junk", encoding="utf-8")
    return folder


def _write_pair(folder, name, key, password=None):
    from cryptography.hazmat.primitives import serialization as form

    hidden = form.BestAvailableEncryption(password) if password else form.NoEncryption()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, hidden)
    (folder / f"{name}.pem").write_bytes(private)
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / f"{name}.pub").write_bytes(public)


@pytest.fixture
def framed_bundle(tmp_path, churn_bundle):
    """The same, with 10 kB of weights beside the graph in four frames."""
    (tmp_path / "weights").write_bytes(bytes(range(100)) * 100)
    cutting = Cutting(least_bytes=0, frame_bytes=3000)
    made = pack_blob(tmp_path / "weights", tmp_path, role="weights", cutting=cutting)
    manifest = churn_bundle.manifest
    manifest = manifest._replace(blobs=(*manifest.blobs, made.blob))
    kept = {blob.path: churn_bundle.unpacked(blob) for blob in churn_bundle.manifest.blobs}
    files = {**kept, made.blob.path: made.stored}
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
