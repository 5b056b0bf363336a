"""ONNX models as values: inside one file, or with tensors beside it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress import onnx_file
from coldpress.errors import ExportError
from coldpress.layout import lay_out
from coldpress.onnx_file import OnnxFile, external_bytes, initialisers, serialised

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)


def adding():
    """A model that adds a row of weights to each row, which it takes from three."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 4])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    tensors = [numpy_helper.from_array(WEIGHTS, "w")]
    graph = helper.make_graph([node], "graph", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.fixture(params=["inside", "one-file", "no-length"])
def file(request, tmp_path):
    """The model with its weights inside, outside, and outside without saying how long they are."""
    model = adding()
    if request.param == "inside":
        return OnnxFile(graph=serialised(model))
    onnx.save(
        model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    outside = onnx.load(tmp_path / "m.onnx", load_external_data=False)
    if request.param == "no-length":
        tensor = outside.graph.initializer[0]
        kept = [entry for entry in tensor.external_data if entry.key == "location"]
        del tensor.external_data[:]
        tensor.external_data.extend(kept)
    return OnnxFile(graph=serialised(outside), folder=tmp_path)


def test_one_way_to_open(file):
    """Wherever the weights lie, the runtime's session gives the same answer."""
    rows = np.ones((2, 3), dtype=np.float32)
    np.testing.assert_array_equal(file.open().run({"x": rows})["y"], rows @ WEIGHTS)


def test_size_counts_what_lies_outside(file):
    """The size is that of graph and weights."""
    outside = 0 if file.folder is None else WEIGHTS.nbytes
    assert file.size == len(file.graph) + outside


def test_whole(file):
    """The whole model as a message has its weights inside."""
    (tensor,) = initialisers(file.whole())
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), WEIGHTS)


def test_weights_from_elsewhere_are_laid_out(file, tmp_path):
    """A layout takes weights from another model's file, and brings small ones inside."""
    places = [tmp_path / "apart", tmp_path / "inside"]
    for place in places:
        place.mkdir()
    apart = lay_out(file, places[0], least_bytes=1, least_tensor=1)
    inside = lay_out(file, places[1])
    assert apart.weights.read_bytes() == WEIGHTS.tobytes()
    assert inside.folder is None
    rows = np.ones((1, 3), dtype=np.float32)
    for laid in (apart, inside):
        np.testing.assert_array_equal(laid.open().run({"x": rows})["y"], rows @ WEIGHTS)


def test_external_bytes_begin_anywhere(tmp_path):
    """A tensor's bytes are found at an offset that no system could map by itself."""
    (tmp_path / "w.bin").write_bytes(b"x" * 5001 + WEIGHTS.tobytes())
    tensor = TensorProto(name="w", data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "w.bin"), ("offset", "5001"), ("length", "48")):
        tensor.external_data.add(key=key, value=value)
    assert bytes(external_bytes(tensor, tmp_path)) == WEIGHTS.tobytes()


def test_too_large_for_one_message(monkeypatch, file):
    """What one message can't hold is refused before it is read."""
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 10)
    with pytest.raises(ExportError, match="over 2 GB"):
        file.whole()
