"""The first opening of a model: whatever it does to its process becomes one sentence."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.errors import LoadError
from coldpress.load import first_open
from coldpress.load.first_open import open_apart


def growing(size):
    """A model of a few bytes with a constant of very many, which is made as it is opened."""
    shape = numpy_helper.from_array(np.array([size], dtype=np.int64), "s")
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["t"], keepdims=0),
        helper.make_node("Add", ["x", "t"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 2]) for n in "xy"]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], [shape])
    opset = helper.make_opsetid("", 21)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


def test_a_model_in_proportion_is_opened():
    """What takes little opens, and nothing is said."""
    open_apart("m.onnx", "onnx", growing(1000))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(growing(70_000_000), "more than 512 MB, which is out of all proportion",
                     id="memory"),
        pytest.param(b"junk", "can't be opened by onnxruntime: onnxruntime can't open the model",
                     id="junk"),
    ],
)  # fmt: skip
def test_models_out_of_proportion_are_refused(data, said):
    """A model that takes far more than it holds is refused by name, in one sentence."""
    with pytest.raises(LoadError, match=r"^m\.onnx ") as caught:
        open_apart("m.onnx", "onnx", data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_crash_is_told():
    """A damaged file that crashes its library ends a child, and this process goes on."""
    # LightGBM aborts on a tree that ends within its list of thresholds.
    text = b"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    text += b"max_feature_idx=0\nobjective=regression\nfeature_names=a\nfeature_infos=[0:1]\n"
    text += b"tree_sizes=100 100\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 0\n"
    with pytest.raises(LoadError, match="can't be opened by LightGBM"):
        open_apart("m.txt", "lightgbm", text)


def test_one_that_never_ends_is_ended(monkeypatch):
    """A model that takes too long is refused, and its process ended."""
    monkeypatch.setattr(first_open, "_SECONDS_BASE", 0)
    with pytest.raises(LoadError, match=r"^m\.onnx took more than 0 s to open"):
        open_apart("m.onnx", "onnx", growing(1000))


def endless():
    """A model with a loop that goes on for as long as it goes on."""
    true = numpy_helper.from_array(np.array(1, dtype=np.bool_), "go")
    flag = helper.make_tensor_value_info("on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["on"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("before", TensorProto.BOOL, []),
        ],
        [flag],
    )
    nodes = [
        helper.make_node("Loop", ["", "go"], [], body=body),
        helper.make_node("Identity", ["x"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 2]) for n in "xy"]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], [true])
    opset = helper.make_opsetid("", 21)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


def test_a_loop_without_an_end_is_ended(monkeypatch):
    """A model that opens and never answers is refused as well."""
    monkeypatch.setattr(first_open, "_SECONDS_BASE", 2)
    with pytest.raises(LoadError, match=r"^m\.onnx "):
        open_apart("m.onnx", "onnx", endless())
