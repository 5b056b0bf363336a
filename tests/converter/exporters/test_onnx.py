"""ONNX files as they are, and samples as the tensors that they declare."""

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper

from coldpress.errors import ExportError, LoadError, SampleError
from coldpress.local.invoke import invoke
from coldpress.pipeline import export
from coldpress.recertify import certify
from coldpress.registry import publish
from coldpress_runtime.session import ModelSession


def model_of(nodes, inputs, outputs):
    """An ONNX file; inputs and outputs are names with an element type and a shape."""
    values = [[helper.make_tensor_value_info(*spec) for spec in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "graph", *values)
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def doubling(rows="rows"):
    """A model that doubles three numbers in each row."""
    shape = [rows, 3]
    return model_of(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        [("x", TensorProto.FLOAT, shape)],
        [("y", TensorProto.FLOAT, shape)],
    )


def repeating():
    """A model that repeats a text, and counts up."""
    return model_of(
        [
            helper.make_node("StringConcat", ["text", "text"], ["twice"]),
            helper.make_node("Add", ["count", "count"], ["more"]),
        ],
        [("text", TensorProto.STRING, ["rows", 1]), ("count", TensorProto.INT32, ["rows"])],
        [("twice", TensorProto.STRING, ["rows", 1]), ("more", TensorProto.INT32, ["rows"])],
    )


NUMBERS = np.arange(30.0).reshape(10, 3)


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(NUMBERS, id="array"),
        pytest.param({"x": NUMBERS}, id="named-array"),
        pytest.param({"other": NUMBERS.astype(int)}, id="single-array-of-any-name"),
        pytest.param(pd.DataFrame(NUMBERS, columns=list("abc")), id="table"),
    ],
)
def test_file_is_served_as_it_is(tmp_path, sample):
    """The bundle's model is the file's own bytes, proven on the sample however it comes."""
    bundle = export(doubling(), sample=sample, output=tmp_path / "b")
    assert bundle.unpacked(bundle.manifest.blob("model")) == doubling()
    certificate = bundle.certificate()
    assert (certificate.rows, [batch.size for batch in certificate.batches]) == (10, [1, 2])
    assert "optimisations disabled" in certificate.original


def test_external_data_make_no_bundle(tmp_path, monkeypatch):
    """Bytes whose weights lie in this folder can't be served elsewhere, and give no bundle."""
    weights = np.eye(3, dtype=np.float32)
    (tmp_path / "w.bin").write_bytes(weights.tobytes())
    monkeypatch.chdir(tmp_path)
    model = onnx.load_model_from_string(doubling())
    tensor = onnx.numpy_helper.from_array(weights, "w")
    onnx.external_data_helper.set_external_data(tensor, "w.bin", offset=0, length=36)
    tensor.ClearField("raw_data")
    model.graph.initializer.append(tensor)
    model.graph.node[0].CopyFrom(helper.make_node("MatMul", ["x", "w"], ["y"]))
    with pytest.raises(LoadError, match=r"in another file, 'w\.bin'"):
        export(model.SerializeToString(), sample=NUMBERS, output=tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_texts_and_counts_are_taken_by_name(tmp_path):
    """Columns of a table become the inputs of their names, in the declared types."""
    table = pd.DataFrame({"count": [1, 2, 3], "text": ["a", "b", "ä"]})
    bundle = export(repeating(), sample=table, output=tmp_path / "b")
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    answer = session.run(
        {"text": np.array([["ä"]], dtype=object), "count": np.array([2], dtype=np.int32)}
    )
    assert (answer["twice"].tolist(), answer["more"].tolist()) == ([["ää"]], [4])


def test_fixed_batch_is_proven_at_its_size(tmp_path):
    """A model that takes four rows at a time is compared four rows at a time."""
    bundle = export(doubling(rows=4), sample=NUMBERS, output=tmp_path / "b")
    assert bundle.certificate().rows == 8
    assert bundle.certificate().batches == ()
    assert bundle.manifest.signature.inputs[0].shape == (4, 3)


@pytest.mark.parametrize(
    ("model", "sample", "said"),
    [
        pytest.param(doubling(), NUMBERS[:, :2], r"\(3\) and those .* have \(2\)", id="narrow"),
        pytest.param(doubling(), np.eye(4), "--drop COLUMN", id="wide"),
        pytest.param(doubling(), NUMBERS.astype(str) + "x", "holds text", id="text"),
        pytest.param(doubling(), np.full((3, 3), 1e300), "without loss", id="endless"),
        pytest.param(doubling(rows=4), NUMBERS[:3], "exactly 4 rows at a time", id="few-rows"),
        pytest.param(repeating(), NUMBERS, "give an .npz file", id="one-array"),
        pytest.param(repeating(), {"text": np.array(["a"]), "n": np.array([1])},
                     "is missing 'count' and has 'n'", id="names"),
        pytest.param(repeating(), {"text": np.array(["a"]), "count": np.array([0.5])},
                     "without loss", id="fraction"),
        pytest.param(repeating(), {"text": np.array(["a"]), "count": np.array([2**40])},
                     "without loss", id="too-large"),
    ],
)  # fmt: skip
def test_bad_samples_are_explained(tmp_path, model, sample, said):
    """A sample that doesn't fit the declared inputs gets one sentence that names them."""
    with pytest.raises(SampleError, match=said):
        export(model, sample=sample, output=tmp_path / "b")


SINGLE = {
    "sum of all rows": (
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)],
        TensorProto.FLOAT,
        45.0,
    ),
    "number of values": ([helper.make_node("Size", ["x"], ["y"])], TensorProto.INT64, 9),
    "constant": (
        [helper.make_node("Constant", [], ["y"], value_float=2.5)],
        TensorProto.FLOAT,
        2.5,
    ),
}


@pytest.mark.parametrize(("nodes", "kind", "answer"), SINGLE.values(), ids=SINGLE.keys())
@pytest.mark.parametrize("rows", [1, 10])
def test_single_values_are_served(tmp_path, nodes, kind, answer, rows):
    """An output that is one value is exported, proven anew from its examples, and served."""
    copy = helper.make_node("Identity", ["x"], ["z"])
    shape = ["rows", 3]
    model = model_of(
        [*nodes, copy],
        [("x", TensorProto.FLOAT, shape)],
        [("y", kind, []), ("z", TensorProto.FLOAT, shape)],
    )
    bundle = export(model, sample=NUMBERS[:rows], output=tmp_path / "single")
    assert bundle.manifest.signature.outputs[0].shape == ()
    assert certify(bundle).passed
    uri = publish(bundle, str(tmp_path / "store")).uri
    values = np.arange(1.0, 10).tolist()
    event = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [3, 3], "data": values}]}
    single, copied = invoke(uri, event).response["outputs"]
    assert (single["shape"], single["data"]) == ([], [answer])
    assert copied["data"] == values


def test_input_without_rows_is_refused(tmp_path):
    """A single value beside the rows can't be batched, and is refused by name."""
    model = model_of(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        [("x", TensorProto.FLOAT, ["rows", 3]), ("factor", TensorProto.FLOAT, [])],
        [("y", TensorProto.FLOAT, ["rows", 3])],
    )
    with pytest.raises(ExportError, match="'factor' is a single value, not rows"):
        export(model, sample={"x": NUMBERS, "factor": np.ones(10)}, output=tmp_path / "b")
