"""ONNX files: valid ones are taken as they are, others refused before onnxruntime sees them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.errors import ExportError, LoadError
from coldpress.load import load_model, model_of

IDENTITY = helper.make_node("Identity", ["x"], ["y"])
NUMBER = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
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


def sequence():
    """A model that gives a sequence of tensors."""
    node = helper.make_node("SequenceConstruct", ["x"], ["y"])
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    return file_of([node], outputs=[helper.make_value_info("y", kind)])


def typed(kind):
    """A model whose output is declared to be of another kind than a tensor."""
    return file_of([IDENTITY], outputs=[helper.make_value_info("y", kind)])


def counted_maps():
    """A model whose ZipMap is read by another node, so that it can't be taken away."""
    zipmap = helper.make_node(
        "ZipMap", ["x"], ["m"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"]
    )
    scores = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, scores))
    outputs = [
        helper.make_value_info("m", maps),
        helper.make_tensor_value_info("n", TensorProto.INT64, []),
    ]
    nodes = [zipmap, helper.make_node("SequenceLength", ["m"], ["n"])]
    return file_of(nodes, outputs=outputs, opsets=(("", 21), ("ai.onnx.ml", 1)))


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


def test_plain_file_is_kept_as_it_is(tmp_path):
    """A file with everything inside is not touched."""
    path = tmp_path / "model.onnx"
    path.write_bytes(matmul().SerializeToString())
    trained = load_model(path)
    assert trained.framework == "onnx"
    assert trained.model.graph == path.read_bytes()
    assert trained.model.folder is None
    assert trained.model.labels == {}


def test_external_data_stay_where_they_are(tmp_path):
    """Weights in a file beside the model are not read: the graph and their folder are given."""
    path = tmp_path / "model.onnx"
    path.write_bytes(external("weights.bin").SerializeToString())
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    model = load_model(path).model
    assert (model.graph, model.folder) == (path.read_bytes(), tmp_path)
    np.testing.assert_array_equal(
        numpy_helper.to_array(model.whole().graph.initializer[0]), WEIGHTS
    )


def test_models_over_2_gb_are_taken(tmp_path):
    """External data may be larger than one ONNX file; they are mapped, and not read."""
    rows = 2**15
    weights = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[rows, 2**14 + 64])
    size = rows * (2**14 + 64) * 4
    onnx.external_data_helper.set_external_data(
        add_raw(weights), "weights.bin", offset=0, length=size
    )
    weights.ClearField("raw_data")
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(size)  # a hole: it takes no room on the disk
    gather = helper.make_node("GatherElements", ["w", "i"], ["y"])
    cast = helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64)
    path = tmp_path / "model.onnx"
    path.write_bytes(file_of([cast, gather], initializer=[weights]).SerializeToString())
    assert size > 2**31
    assert load_model(path).model.folder == tmp_path


def add_raw(tensor):
    """A tensor that onnx takes to have its data inside."""
    tensor.raw_data = b""
    return tensor


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(sequence(), "output 'y' of model.onnx is a sequence, and only tensors can be "
                     "served; export the model with tensors in its place", id="sequence"),
        pytest.param(typed(helper.make_optional_type_proto(NUMBER)),
                     "output 'y' of model.onnx is an optional value", id="optional"),
        pytest.param(typed(helper.make_map_type_proto(TensorProto.INT64, NUMBER)),
                     "output 'y' of model.onnx is a map", id="map"),
        pytest.param(typed(helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [2])),
                     "output 'y' of model.onnx is a sparse tensor", id="sparse"),
        pytest.param(typed(onnx.TypeProto()), "no valid ONNX model", id="no-type"),
        pytest.param(counted_maps(), "output 'm' of model.onnx is a sequence", id="used-zipmap"),
        pytest.param(hidden_operator(), "operators of evil.ops", id="unknown-domain"),
        pytest.param(
            file_of([helper.make_node("Relu", ["x"], ["y"])], opsets=(("", 99),)),
            "needs ONNX opset 99",
            id="opset-of-the-future",
        ),
        pytest.param(shapeless("input"), "input 'x' of model.onnx has no shape", id="no-rank"),
        pytest.param(shapeless("output"), "no valid ONNX model", id="no-rank-of-output"),
        pytest.param(lying_length(), "takes 1,600 bytes and whose data are 8", id="lying-length"),
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
)  # fmt: skip
def test_bad_models_are_explained(tmp_path, model, said):
    """A model that can't be served safely is refused in one sentence."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(LoadError) as caught:
        load_model(path)
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
        load_model(path)


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
        pytest.param(sequence(), "only tensors can be served", id="sequence"),
        pytest.param(hidden_operator(), "operators of evil.ops", id="unknown-domain"),
        pytest.param(lying_length(), "whose data are 8", id="lying-length"),
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
    assert model_of(data).model.graph == data
    assert model_of(onnx.load_model_from_string(data)).model.graph == data


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
