"""The steps in one process, for models whose weights are large: certified as they will serve."""

import resource
import sys
from contextlib import contextmanager

import numpy as np
import orjson
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.bundle import Bundle
from coldpress.errors import BundleError
from coldpress.pipeline import export
from coldpress_runtime.artifact import WEIGHTS_NAME
from coldpress_runtime.session import ModelSession

SIZE = 1024
ROWS = np.random.default_rng(0).normal(size=(6, SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    """An ONNX file with 36 MiB of weights in nine layers."""
    random = np.random.default_rng(1)
    weights = random.normal(size=(9, SIZE, SIZE), scale=SIZE**-0.5).astype(np.float32)
    tensors = [numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)]
    names = ["x", *(f"h{i}" for i in range(8)), "y"]
    nodes = [
        helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(len(weights))
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", SIZE]) for n in "xy")
    graph = helper.make_graph(nodes, "layers", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def large_bundle(network, tmp_path_factory):
    """Its bundle, and what was told on the way."""
    told = []
    path = tmp_path_factory.mktemp("bundles") / "layers"
    return export(network, sample=ROWS, output=path, progress=told.append), told


def test_weights_lie_apart(large_bundle, network):
    """A large model's weights are a blob of their own in frames; the graph names them."""
    bundle, _ = large_bundle
    weights = bundle.manifest.weights
    assert weights.unpacked_size == 9 * SIZE * SIZE * 4
    assert len(weights.frames) == 5
    graph = bundle.unpacked(bundle.manifest.blob("model"))
    assert len(graph) < 10_000 < len(network)
    assert bundle.manifest.runtime.opsets == {"": 21}
    assert sorted(path.name for path in bundle.path.iterdir()) == [
        "bom.json", "certificate.json", "golden.json", "manifest.json", "model.onnx.zst",
        "record.json", "report.html", "weights.bin.zst",
    ]  # fmt: skip


def test_what_was_certified_serves(large_bundle, tmp_path):
    """The golden examples get their answers from a session on the bundle's own two files."""
    bundle, _ = large_bundle
    weights = tmp_path / WEIGHTS_NAME
    weights.write_bytes(bundle.unpacked(bundle.manifest.weights))
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")), weights=weights)
    assert session.inputs == bundle.manifest.signature.inputs
    golden = orjson.loads(bundle.unpacked(bundle.manifest.blob("golden")))
    for example in golden["examples"]:
        rows, told = (
            np.array(side[0]["data"], dtype=np.float32).reshape(side[0]["shape"])
            for side in (example["request"]["inputs"], example["response"]["outputs"])
        )
        np.testing.assert_allclose(session.run({"x": rows})["y"], told, rtol=1e-4, atol=1e-5)


def test_same_model_same_version(large_bundle, network, tmp_path):
    """The same large model gives the same version again."""
    bundle, _ = large_bundle
    again = export(network, sample=ROWS, output=tmp_path / "again", name=bundle.manifest.name)
    assert again.digest == bundle.digest
    assert Bundle.open(again.path) == again


def test_long_steps_report(large_bundle):
    """Whoever waits is told how far the compression of the weights is."""
    _, told = large_bundle
    shares = [step for step in told if step.startswith("Packing the weights: ")]
    assert shares[0] == "Packing the weights: 22%"
    assert shares[-1] == "Packing the weights: 100%"


def test_small_models_stay_whole(tmp_path, doubler):
    """A small model's graph is the export's own bytes, in one blob and one frame."""
    bundle = export(doubler, sample=ROWS[:, :2], output=tmp_path / "b")
    assert bundle.manifest.weights is None
    assert [blob.frames for blob in bundle.manifest.blobs] == [()] * 3
    assert bundle.unpacked(bundle.manifest.blob("model")) == doubler


def test_nothing_is_left_beside_the_bundle(large_bundle):
    """Weights that lay in temporary files are in the bundle, and nowhere else."""
    bundle, _ = large_bundle
    assert [path.name for path in bundle.path.parent.iterdir()] == [bundle.path.name]


@contextmanager
def files_up_to(limit):
    """No file grows beyond a number of bytes, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # it would be cut off, too
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_sentence(network, tmp_path):
    """Weights that the disk has no room for give one sentence, and leave nothing."""
    with files_up_to(1_000_000), pytest.raises(BundleError, match="can't write the bundle: "):
        export(network, sample=ROWS, output=tmp_path / "b")
    assert list(tmp_path.iterdir()) == []
