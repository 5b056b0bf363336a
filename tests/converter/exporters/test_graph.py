"""The last touches to a graph, tried by running it."""

import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.errors import ExportError
from coldpress.exporters._graph import (
    IR_VERSION,
    correct_shapes,
    keep_outputs,
    rename_outputs,
    reverse_columns,
    serialise,
    serialise_apart,
    spell_out_erfc,
)
from coldpress_runtime.session import ModelSession

ROWS = np.array([[1, 2], [3, 4]], dtype=np.float32)


@pytest.fixture
def model():
    """A model that gives its two columns as `y`, and negated as `z`."""
    nodes = [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 2]) for n in "xyz"]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=99)


def answers(model):
    """What a model says to two rows."""
    answered = ModelSession(serialise(model)).run({"x": ROWS})
    return {name: array.tolist() for name, array in answered.items()}


def test_written_models_are_readable_everywhere(model):
    """A model is written for the oldest onnxruntime in use, with one version of each opset."""
    written = onnx.load_model_from_string(serialise(model))
    assert written.ir_version == IR_VERSION
    assert [(opset.domain, opset.version) for opset in written.opset_import] == [("", 21)]


def test_invalid_models_are_explained(model):
    """What the checker refuses is told in one sentence."""
    model.graph.node[0].op_type = "Nonsense"
    with pytest.raises(ExportError, match=r"made no valid ONNX: .*Nonsense") as caught:
        serialise(model)
    assert "\n" not in str(caught.value)


def test_outputs_are_dropped(model):
    """The first outputs stay."""
    keep_outputs(model, 1)
    assert answers(model) == {"y": ROWS.tolist()}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param(["y", "z"], ["y", "z"], id="as-they-are"),
        pytest.param(["label", "scores"], ["label", "scores"], id="new"),
        pytest.param(["x", "scores"], ["x_2", "scores"], id="taken-by-the-input"),
        pytest.param(["z", "scores"], ["z_2", "scores"], id="taken-by-the-other"),
    ],
)
def test_outputs_are_renamed(model, wanted, names):
    """Outputs keep their values under new names, numbered where a name is taken."""
    rename_outputs(model, wanted)
    assert list(answers(model).items()) == list(
        zip(names, [ROWS.tolist(), (-ROWS).tolist()], strict=True)
    )


def test_columns_are_reversed(model):
    """The two columns of one output change places; the other stays."""
    reverse_columns(model, 1)
    assert list(answers(model).values()) == [ROWS.tolist(), (-ROWS[:, ::-1]).tolist()]


@pytest.mark.parametrize(
    ("declared", "corrected"),
    [
        pytest.param(["rows", 2], ["rows", 2], id="right"),
        pytest.param(["rows", None], ["rows", ""], id="free"),
        pytest.param(["rows", 1], ["rows", 2], id="wrong-size"),
        pytest.param([1, 2], ["rows", 2], id="fixed-rows"),
        pytest.param(["rows"], ["rows", 2], id="wrong-rank"),
    ],
)
def test_declared_shapes_are_put_right(model, declared, corrected):
    """What a converter declares wrongly becomes what the output is; free dimensions stay free."""
    keep_outputs(model, 1)
    (value,) = model.graph.output
    value.CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, declared))
    correct_shapes(model, {"y": (8, 2)})
    dims = value.type.tensor_type.shape.dim
    assert [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in dims] == (
        corrected
    )


def test_complementary_error_function_is_spelt_out():
    """What ONNX has not is calculated by what it has."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in "xy")
    nodes = [helper.make_node("Neg", ["x"], ["n"]), helper.make_node("Erfc", ["n"], ["y"])]
    graph = helper.make_graph(nodes, "graph", [x], [y])
    found = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    spell_out_erfc(found)
    rows = np.array([-2, 0, 0.5], dtype=np.float32)
    (answer,) = ModelSession(serialise(found)).run({"x": rows}).values()
    np.testing.assert_allclose(answer, [math.erfc(-row) for row in rows], atol=1e-6)


def test_tensors_apart_are_checked_where_they_lie(tmp_path, model):
    """A graph is written without the tensors of its folder, which must be there."""
    weights = numpy_helper.from_array(np.float32([1, 2]), "w")
    model.graph.initializer.append(weights)
    model.graph.node.add(op_type="Add", input=["x", "w"], output=["a"])
    onnx.external_data_helper.convert_model_to_external_data(
        model, location="w.bin", size_threshold=0
    )
    model.graph.initializer[0].ClearField("raw_data")
    with pytest.raises(ExportError, match="made no valid ONNX"):
        serialise_apart(model, tmp_path)
    (tmp_path / "w.bin").write_bytes(np.float32([1, 2]).tobytes())
    data = serialise_apart(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["w.bin"]
    assert onnx.load_model_from_string(data).ir_version == IR_VERSION
