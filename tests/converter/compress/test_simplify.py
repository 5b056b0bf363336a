"""What every model gets: smaller where that is free, and to the byte as it was where it is not."""

import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import onnx
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress.compress import simplified
from coldpress.compress import simplify as simplify_module
from coldpress.compress._stored import stored_bytes
from coldpress.compress.passes import set_aside
from coldpress.onnx_file import OnnxFile

# A graph with an addition of constants that can be folded.
SCRIPT = """
import hashlib, sys
from coldpress.compress import simplified
from coldpress.onnx_file import OnnxFile
print(hashlib.sha256(simplified(OnnxFile(graph=sys.stdin.buffer.read())).graph).hexdigest())
"""


def wasteful():
    """A file with a product computed twice."""
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    nodes = [
        node("Mul", ["x", "x"], ["a"]),
        node("Mul", ["x", "x"], ["b"]),
        node("Neg", ["b"], ["c"]),
        node("Add", ["a", "c"], ["y"]),
    ]
    x, y = (value(name, onnx.TensorProto.FLOAT, ["rows", 4]) for name in "xy")
    graph = onnx.helper.make_graph(nodes, "graph", [x], [y])
    opsets = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return OnnxFile(graph=model.SerializeToString(), labels={"y": ("low", "high")})


def test_quickstart_forest_is_ten_times_smaller(exported, tmp_path):
    """The quickstart's forest takes less than a tenth of its pickle, stored."""
    rows, target = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=100, random_state=0)
    model = make_pipeline(StandardScaler(), forest).fit(rows[::2], target[::2])
    made = simplified(exported(model, rows[1::2]).model)
    assert 10 * stored_bytes(made, tmp_path) < len(pickle.dumps(model))


def test_what_is_free_is_taken():
    """A wasteful file is smaller afterwards, keeps its labels, and is not changed again."""
    made = simplified(wasteful())
    assert made.size < wasteful().size
    assert made.labels == wasteful().labels
    assert simplified(made) is made


def test_small_files_stay_to_the_byte(networks):
    """A file that is as small as it gets is the same object."""
    for model, _ in networks.values():
        assert simplified(model) is model


def test_same_model_same_bytes():
    """Processes that order their sets otherwise give the same bytes."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            input=wasteful().graph,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(digests) == 1


def test_broken_results_are_rolled_back(monkeypatch):
    """A result that does not open is thrown away."""

    def broken(model):
        model.graph.node[0].op_type = "NoSuchOperator"
        return model, True

    monkeypatch.setattr(simplify_module, "slim", broken)
    model = wasteful()
    assert simplified(model) is model


@pytest.mark.parametrize("inside", [True, False], ids=["whole", "tensors-aside"])
def test_external_data_come_along(monkeypatch, tmp_path, networks, inside):
    """A model whose weights lie apart answers the same; large ones are not even looked at."""
    network, rows = networks["dense"]
    proto = network.proto()
    proto.graph.node.insert(0, onnx.helper.make_node("Identity", ["w1"], ["w2"]))
    proto.graph.node[2].input[1] = "w2"
    path = tmp_path / "model.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    if not inside:
        monkeypatch.setattr(simplify_module, "_MOST_INSIDE", 0)
        monkeypatch.setattr(simplify_module, "set_aside", partial(set_aside, least_values=2048))
    made = simplified(OnnxFile(graph=path.read_bytes(), folder=tmp_path))
    assert (made.folder is None) is inside
    assert len(made.proto().graph.node) == 3
    before, after = (model.open().run({"x": rows})["y"] for model in (network, made))
    np.testing.assert_allclose(after, before, rtol=1e-6)
