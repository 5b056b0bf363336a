"""ZipMaps: the scores come out as a tensor, and the map's keys as class labels."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

from coldpress.errors import LoadError
from coldpress.load import model_of
from coldpress.load.zipmap import unwrap_zipmaps
from coldpress_runtime.session import ModelSession

ROWS = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)


def maps(key):
    """The type of a sequence of maps to scores."""
    scores = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    return helper.make_sequence_type_proto(helper.make_map_type_proto(key, scores))


def direct():
    """A model whose input itself is wrapped."""
    node = helper.make_node(
        "ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"]
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    y = helper.make_value_info("y", maps(TensorProto.STRING))
    graph = helper.make_graph([node], "graph", [x], [y])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def doubled(first, second):
    """A model whose scores two ZipMaps wrap, with labels of their own."""
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["p"]),
        helper.make_node("ZipMap", ["p"], ["a"], domain="ai.onnx.ml", **first),
        helper.make_node("ZipMap", ["p"], ["b"], domain="ai.onnx.ml", **second),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    outputs = [helper.make_value_info(name, maps(TensorProto.INT64)) for name in "ab"]
    graph = helper.make_graph(nodes, "graph", [x], outputs)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.mark.parametrize(
    "classes",
    [
        pytest.param(np.array([3, 5, 7]), id="numbers"),
        pytest.param(np.array(["a", "b", "ä"]), id="texts"),
    ],
)
def test_probabilities_take_the_place_of_maps(classes):
    """A classifier as converters write it gives labels and probabilities, as scikit-learn does."""
    model = LogisticRegression().fit(ROWS, classes[np.arange(60) % 3])
    loaded = model_of(to_onnx(model, ROWS[:1])).model
    assert loaded.labels == {"probabilities": tuple(classes.tolist())}
    session = ModelSession(loaded.graph)
    (input_,) = session.inputs
    answers = session.run({input_.name: ROWS})
    assert list(answers) == ["output_label", "probabilities"]
    np.testing.assert_allclose(
        answers["probabilities"], model.predict_proba(ROWS), rtol=1e-4, atol=1e-5
    )


def test_an_input_that_is_wrapped_gets_a_name_of_its_own():
    """Where the map wraps what the model is given, the output keeps the map's name."""
    loaded = model_of(direct()).model
    assert loaded.labels == {"y": ("no", "yes")}
    x = np.eye(2, dtype=np.float32)
    np.testing.assert_array_equal(ModelSession(loaded.graph).run({"x": x})["y"], x)


def test_other_models_are_left_alone():
    """A model without ZipMap is not touched."""
    model = to_onnx(
        LogisticRegression().fit(ROWS, np.arange(60) % 2), ROWS[:1], options={"zipmap": False}
    )
    before = model.SerializeToString(deterministic=True)
    assert unwrap_zipmaps(model) == {}
    assert model.SerializeToString(deterministic=True) == before
    assert model_of(model).model.graph == onnx.load_model_from_string(before).SerializeToString(
        deterministic=True
    )


def test_two_maps_of_the_same_scores_are_one_output():
    """The scores come out once, with the labels on which both agree."""
    labels = {"classlabels_int64s": [3, 4]}
    loaded = model_of(doubled(labels, labels)).model
    assert [value.name for value in loaded.proto().graph.output] == ["p"]
    assert loaded.labels == {"p": (3, 4)}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        pytest.param({"classlabels_int64s": [5, 6]}, "different class labels", id="others"),
        pytest.param({"classlabels_strings": [b"\xff", b"a"]}, "no text in UTF-8", id="no-text"),
    ],
)
def test_labels_that_are_none_are_refused(second, said):
    """One output has one set of labels, and they are words or numbers."""
    with pytest.raises(LoadError, match=said):
        model_of(doubled({"classlabels_int64s": [3, 4]}, second))
