"""Large tensors out of a graph and back."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from coldpress.compress.passes import bring_back, set_aside


def test_there_and_back(networks):
    """What was put aside comes back to its place; what is not large never leaves."""
    model = networks["dense"][0].proto()
    before = model.SerializeToString(deterministic=True)
    names = [tensor.name for tensor in model.graph.initializer]
    aside = set_aside(model, None, least_values=2048)
    assert [tensor.name for tensor in model.graph.initializer] == ["b0"]
    assert [value.name for value in model.graph.input] == ["x", "w0", "w1"]
    assert onnx.shape_inference.infer_shapes(model, strict_mode=True)
    bring_back(model, aside)
    assert [value.name for value in model.graph.input] == ["x"]
    assert sorted(tensor.name for tensor in model.graph.initializer) == sorted(names)
    assert len(model.SerializeToString(deterministic=True)) == len(before)


def test_what_nobody_asks_for_stays_away(networks):
    """A tensor whose last reader went is not brought back."""
    model = networks["dense"][0].proto()
    aside = set_aside(model, None, least_values=2048)
    model.graph.node[1].input[1] = "w0"
    bring_back(model, aside)
    assert [tensor.name for tensor in model.graph.initializer] == ["b0", "w0"]


@pytest.mark.parametrize("attribute", ["then_branch", "else_branch"])
def test_graphs_inside_are_readers(networks, attribute):
    """A tensor that only a branch reads comes back."""
    model = networks["dense"][0].proto()
    aside = set_aside(model, None, least_values=2048)
    inner = helper.make_graph([helper.make_node("Identity", ["w1"], ["o"])], "branch", [], [])
    model.graph.node[1].CopyFrom(helper.make_node("If", ["x"], ["z"], **{attribute: inner}))
    bring_back(model, aside)
    assert [tensor.name for tensor in model.graph.initializer] == ["b0", "w0", "w1"]


def test_initialisers_that_are_inputs_stay_inputs():
    """Old files declare their tensors as inputs, too: they still do afterwards."""
    weights = numpy_helper.from_array(np.ones((64, 64), dtype=np.float32), "w")
    x, w = (
        helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape)
        for n, shape in (("x", ["rows", 64]), ("w", [64, 64]))
    )
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = helper.make_model(helper.make_graph([node], "g", [x, w], [], [weights]))
    before = model.SerializeToString(deterministic=True)
    bring_back(model, set_aside(model, None, least_values=1000))
    assert model.SerializeToString(deterministic=True) == before
