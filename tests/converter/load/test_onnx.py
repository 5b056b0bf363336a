"""ONNX files: valid ones are embedded whole, others are refused before onnxruntime sees them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.errors import ExportError, LoadError
from coldpress.load import Source, first_open, load_model, model_of

WEIGHTS = np.arange(400, dtype=np.float32).reshape(2, 200)


def file_of(nodes, *, outputs=None, initializer=(), opsets=(("", 21),)):
    """A model from `x`, two numbers, to `y`."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", None])
    graph = helper.make_graph(nodes, "graph", [x], outputs or [y], initializer)
    ids = [helper.make_opsetid(*opset) for opset in opsets]
    return helper.make_model(graph, opset_imports=ids, ir_version=10)


def matmul():
    """A model with weights that are worth keeping outside."""
    weights = numpy_helper.from_array(WEIGHTS, "w")
    return file_of([helper.make_node("MatMul", ["x", "w"], ["y"])], initializer=[weights])


def zipmap(**classes):
    """A model that ends in a sequence of maps, as scikit-learn converters do by default."""
    keys = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", **classes)
    values = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, values))
    output = helper.make_value_info("y", maps)
    return file_of([keys], outputs=[output], opsets=(("", 21), ("ai.onnx.ml", 1)))


def hidden_operator():
    """A model whose unknown operator stands in the branch of a condition."""
    inner = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    branch = helper.make_graph(
        [helper.make_node("Secret", ["x"], ["z"], domain="evil.ops")], "branch", [], [inner]
    )
    yes = numpy_helper.from_array(np.ones((), dtype=np.bool_), "yes")
    node = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    return file_of([node], initializer=[yes], opsets=(("", 21), ("evil.ops", 1)))


def lying_length():
    """A model whose weights are shorter than their shape says."""
    model = matmul()
    model.graph.initializer[0].raw_data = b"\0" * 8
    return model


def shapeless(side):
    """A model whose input, or output, is of unknown rank."""
    model = file_of([helper.make_node("Identity", ["x"], ["y"])])
    (value,) = getattr(model.graph, side)
    value.type.tensor_type.ClearField("shape")
    return model


def external(location, length=None):
    """A model whose weights lie elsewhere."""
    model = matmul()
    (weights,) = model.graph.initializer
    length = length or len(weights.raw_data)
    onnx.external_data_helper.set_external_data(weights, location, offset=0, length=length)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    return model


def endless_sequence():
    """A model that gives a sequence."""
    model = file_of([helper.make_node("SequenceConstruct", ["x"], ["y"])])
    (value,) = model.graph.output
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    value.type.CopyFrom(helper.make_sequence_type_proto(tensor))
    return model


def calling_itself():
    """A model with two functions that call each other."""
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    functions = [
        helper.make_function(
            "own", name, ["a"], ["b"], [helper.make_node(other, ["a"], ["b"], domain="own")], opsets
        )
        for name, other in (("First", "Second"), ("Second", "First"))
    ]
    model = file_of([helper.make_node("First", ["x"], ["y"], domain="own")])
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.extend(functions)
    return model


def deep():
    """A model with twenty branches, each in the one before."""
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "leaf", [], [value])
    for _ in range(20):
        node = helper.make_node("If", ["flag"], ["z"], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([node], "branch", [], [value])
        del node.attribute[1:]
        graph.node[0].CopyFrom(node)
    return file_of([helper.make_node("If", ["flag"], ["y"], then_branch=graph)])


def external_attribute():
    """A model whose Constant keeps its value in a file elsewhere."""
    tensor = external("../weights.bin").graph.initializer[0]
    return file_of([helper.make_node("Constant", [], ["y"], value=tensor)])


def negative_dimension():
    """A model with a tensor of minus four rows."""
    model = matmul()
    model.graph.initializer[0].dims[0] = -4
    return model


IDENTITY = helper.make_node("Identity", ["x"], ["y"])


def test_plain_file_is_kept_as_it_is(tmp_path):
    """A file with everything inside is not touched."""
    path = tmp_path / "model.onnx"
    path.write_bytes(matmul().SerializeToString())
    trained = load_model(Source(path=str(path)))
    assert trained.framework == "onnx"
    assert (trained.model.graph, trained.model.folder) == (path.read_bytes(), None)


def test_external_data_stay_outside(tmp_path):
    """Weights in a file beside the model stay there, and are found from there."""
    path = tmp_path / "model.onnx"
    path.write_bytes(external("weights.bin").SerializeToString())
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    model = load_model(Source(path=str(path))).model
    assert model.folder == tmp_path
    (tensor,) = model.whole().graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), WEIGHTS)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(external("../weights.bin"), "weights.bin", id="external-above"),
        pytest.param(external("/etc/hostname"), "/etc/hostname", id="external-absolute"),
        pytest.param(external("link.bin"), "link.bin", id="external-linked"),
        pytest.param(external("gone.bin"), "gone.bin", id="external-missing"),
        pytest.param(
            external("near.bin", 2**31), "and says 2,147,483,648", id="external-lying-length"
        ),
        pytest.param(endless_sequence(), "is a sequence", id="sequence"),
        pytest.param(calling_itself(), "function that calls itself", id="cyclic-functions"),
        pytest.param(
            file_of([helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")]),
            "EPContext",
            id="compiled-context",
        ),
        pytest.param(deep(), "graphs in each other", id="nesting"),
        pytest.param(external_attribute(), "outside the model's folder", id="external-attribute"),
        pytest.param(negative_dimension(), "negative dimension", id="negative-dimension"),
        pytest.param(hidden_operator(), "operators of evil.ops", id="unknown-domain"),
        pytest.param(
            file_of([helper.make_node("Relu", ["x"], ["y"])], opsets=(("", 99),)),
            "needs ONNX opset 99",
            id="opset-of-the-future",
        ),
        pytest.param(shapeless("input"), "input 'x' of model.onnx has no shape", id="no-rank"),
        pytest.param(shapeless("output"), "no valid ONNX model", id="no-rank-of-output"),
        pytest.param(lying_length(), "says that it has 1,600 bytes", id="lying-length"),
        pytest.param(file_of([]), "no valid ONNX model", id="no-nodes"),
        pytest.param(
            file_of([helper.make_node("Nonsense", ["x"], ["y"])]), "Nonsense", id="unknown-operator"
        ),
        pytest.param(
            helper.make_model(helper.make_graph([], "graph", [], [])),
            "no inputs or no outputs",
            id="nothing-in-nothing-out",
        ),
    ],
)
def test_bad_models_are_explained(tmp_path, model, said):
    """A model that can't be served safely is refused in one sentence."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (folder / "near.bin").write_bytes(WEIGHTS.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "weights.bin")
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(LoadError) as caught:
        load_model(Source(path=str(path)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not an onnx file", id="text"),
        pytest.param(matmul().SerializeToString()[:100], id="truncated"),
        pytest.param(b"\x89HDF\r\n\x1a\n", id="another-format"),
    ],
)
def test_other_files_are_explained(tmp_path, content):
    """A file that is no ONNX at all is refused in one sentence."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=r"^model\.onnx "):
        load_model(Source(path=str(path)))


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda model: model, id="proto"),
        pytest.param(lambda model: model.SerializeToString(), id="bytes"),
    ],
)
@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(external("weights.bin"), "keeps 'w' in another file, 'weights.bin'",
                     id="external"),
        pytest.param(hidden_operator(), "operators of evil.ops", id="unknown-domain"),
        pytest.param(lying_length(), "says that it has 1,600 bytes", id="lying-length"),
        pytest.param(shapeless("input"), "has no shape", id="no-rank"),
    ],
)  # fmt: skip
def test_models_in_memory_are_checked(tmp_path, monkeypatch, model, said, form):
    """A model in memory goes through a file's checks, and data lying about are not taken."""
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LoadError) as caught:
        model_of(form(model))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_models_in_memory_are_taken():
    """A valid model comes as its bytes, whether it was given as them or as the graph."""
    data = matmul().SerializeToString(deterministic=True)
    given = [model_of(data), model_of(onnx.load_model_from_string(data))]
    assert [trained.model.graph for trained in given] == [data, data]


@pytest.mark.parametrize("classes", [["no", "yes"], [3, 5]], ids=["texts", "numbers"])
def test_zipmaps_are_rewritten(classes):
    """Scores that a ZipMap wraps come as the matrix behind it, with the classes' names."""
    kind = "strings" if isinstance(classes[0], str) else "int64s"
    trained = model_of(zipmap(**{f"classlabels_{kind}": classes}))
    (scores,) = trained.model.open().outputs
    assert (scores.datatype, scores.shape) == ("FP32", (-1, 2))
    assert trained.model.labels == {scores.name: tuple(classes)}


def test_what_takes_too_much_is_never_opened_here(monkeypatch):
    """A file that asks for far more memory than its size explains ends another process."""
    monkeypatch.setattr(first_open, "_LEAST_BYTES", 1 << 20)
    with pytest.raises(LoadError, match="could not be opened with 1 MiB of memory"):
        model_of(matmul())


def test_bytes_that_are_no_model_are_explained():
    """Bytes of something else are refused in one sentence."""
    with pytest.raises(LoadError, match="the ONNX model is no ONNX file that can be read"):
        model_of(b"not an onnx file")


def test_parts_of_onnx_are_refused():
    """A graph alone is no model, and what to give instead is said."""
    with pytest.raises(
        ExportError, match=r"onnx\.GraphProto is no model; give an onnx\.ModelProto"
    ):
        model_of(matmul().graph)
