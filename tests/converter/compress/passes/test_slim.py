"""onnxslim, and what is left as it was."""

import numpy as np
import onnx
import onnxslim
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.compress.passes import slim
from coldpress.onnx_file import OnnxFile

SHAPE = ["rows", 4]


def graph_of(nodes, *tensors, outputs=("y",)):
    """A model over four numbers a row."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in outputs]
    graph = helper.make_graph(nodes, "graph", [x], outs, list(tensors))
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    model.metadata_props.add(key="author", value="Ada")
    return model


def wasteful():
    """A graph with a constant to fold, a product computed twice and an identity."""
    return graph_of(
        [
            helper.make_node("Add", ["one", "one"], ["two"]),
            helper.make_node("Mul", ["x", "two"], ["a"]),
            helper.make_node("Mul", ["x", "two"], ["b"]),
            helper.make_node("Identity", ["b"], ["c"]),
            helper.make_node("Add", ["a", "c"], ["y"]),
            helper.make_node("Sub", ["a", "c"], ["z"]),
        ],
        numpy_helper.from_array(np.ones(4, dtype=np.float32), "one"),
        outputs=("z", "y"),
    )


def test_what_is_computed_in_vain_goes():
    """Fewer nodes give the same answers under the same names, in the same order and shape."""
    model = wasteful()
    made, changed = slim(model)
    assert changed
    assert len(made.graph.node) < len(model.graph.node) == 6
    for side in ("input", "output"):
        assert list(getattr(made.graph, side)) == list(getattr(model.graph, side))
    assert (made.ir_version, made.metadata_props[0].value) == (8, "Ada")
    rows = {"x": np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)}
    before, after = (OnnxFile(graph=m.SerializeToString()).open().run(rows) for m in (model, made))
    np.testing.assert_array_equal(after["y"], before["y"])
    assert slim(made)[1] is False


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(graph_of([helper.make_node("Neg", ["x"], ["y"])]), id="one-node"),
        pytest.param(
            graph_of(
                [helper.make_node("Neg", ["x"], ["h"]), helper.make_node("Exp", ["h"], ["y"])]
            ),
            id="nothing-to-gain",
        ),
        pytest.param(
            graph_of(
                [
                    helper.make_node("ConstantOfShape", ["size"], ["c"]),
                    helper.make_node("ReduceSum", ["c"], ["s"], keepdims=0),
                    helper.make_node("Concat", ["c", "c"], ["d"], axis=0),
                    helper.make_node("ReduceMax", ["d"], ["m"], keepdims=0),
                    helper.make_node("Gather", ["d", "i"], ["g"]),
                    helper.make_node("Sum", ["x", "s", "m", "g"], ["y"]),
                ],
                numpy_helper.from_array(np.array([500_000]), "size"),
                numpy_helper.from_array(np.array(0), "i"),
            ),
            id="never-larger",
        ),
    ],
)
def test_other_models_stay_or_shrink(model):
    """A model that gains nothing is handed back as it was; none becomes larger."""
    before = model.SerializeToString(deterministic=True)
    made, changed = slim(model)
    assert len(made.SerializeToString(deterministic=True)) <= len(before)
    assert changed or made is model
    assert model.SerializeToString(deterministic=True) == before


def test_failure_leaves_the_model(monkeypatch):
    """Whatever onnxslim stumbles over, the model is handed back as it was."""

    def stumble(_model):
        raise RuntimeError("no such fusion")

    monkeypatch.setattr(onnxslim, "slim", stumble)
    model = wasteful()
    assert slim(model) == (model, False)


def test_lost_outputs_are_no_gain(monkeypatch):
    """A result with other outputs is thrown away."""

    def lose(model):
        del model.graph.output[0]
        return model

    monkeypatch.setattr(onnxslim, "slim", lose)
    assert slim(wasteful())[1] is False


def test_functions_are_left_alone():
    """A model with functions of its own is not touched."""
    model = wasteful()
    body = [helper.make_node("Neg", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 18)]
    model.functions.append(onnx.helper.make_function("own", "Minus", ["a"], ["b"], body, opsets))
    assert slim(model)[1] is False


def test_what_comes_from_an_operator_that_onnx_does_not_know_ends_no_process():
    """LabelEncoder of a value whose type nobody says would end onnx's inference of shapes."""
    text = helper.make_tensor_value_info("x", TensorProto.STRING, ["rows"])
    answer = helper.make_tensor_value_info("y", TensorProto.INT64, None)
    given = {"pad_value": "", "separators": [" "], "mark": 0, "mincharnum": 1}
    words = {"keys_strings": ["a", "b"], "values_int64s": [1, 2], "default_int64": 0}
    made = [
        helper.make_node("Tokenizer", ["x"], ["t"], domain="com.microsoft", **given),
        helper.make_node("LabelEncoder", ["t"], ["y"], domain="ai.onnx.ml", **words),
    ]
    graph = helper.make_graph(made, "graph", [text], [answer])
    domains = {"": 18, "ai.onnx.ml": 3, "com.microsoft": 1}
    opsets = [helper.make_opsetid(*entry) for entry in domains.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    assert slim(model) == (model, False)
