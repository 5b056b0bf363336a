"""Large tensors apart from the graph: which ones, where they lie, and that a session finds them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import ExternalDataInfo, set_external_data, uses_external_data

from coldpress.errors import ExportError
from coldpress.layout import lay_out
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.artifact import WEIGHTS_NAME
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.session import ModelSession

ROWS = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(3, 40, 40)).astype(np.float32)
BIAS = np.arange(40, dtype=np.float32)
LARGE = WEIGHTS[0].nbytes


def file_of(nodes, tensors, inputs=(("x", TensorProto.FLOAT, ["rows", 40]),)):
    """An ONNX file with one output, y."""
    values = [helper.make_tensor_value_info(*spec) for spec in inputs]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "graph", values, [y], tensors)
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def network():
    """Three large matrices, the second written as single numbers, with a small bias between."""
    first, second, third = (numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(WEIGHTS))
    second = helper.make_tensor("w1", TensorProto.FLOAT, (40, 40), WEIGHTS[1].ravel())
    return file_of(
        [
            helper.make_node("MatMul", ["x", "w0"], ["a"]),
            helper.make_node("Add", ["a", "bias"], ["b"]),
            helper.make_node("MatMul", ["b", "w1"], ["c"]),
            helper.make_node("MatMul", ["c", "w2"], ["y"]),
        ],
        [first, numpy_helper.from_array(BIAS, "bias"), second, third],
    )


def branching():
    """A large matrix in each branch of an If."""
    x = [helper.make_node("MatMul", ["x", "w"], ["z"])]
    branches = [
        helper.make_graph(
            x, name, [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(weights, "w")],
        )
        for name, weights in zip(("then", "else"), WEIGHTS, strict=False)
    ]  # fmt: skip
    node = helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1])
    flag = ("flag", TensorProto.BOOL, [])
    return file_of([node], [], (("x", TensorProto.FLOAT, ["rows", 40]), flag))


def text():
    """A large tensor of text, of which one is picked."""
    words = helper.make_tensor("words", TensorProto.STRING, (5000,), [b"word"] * 5000)
    nodes = [
        helper.make_node("StringConcat", ["words", "words"], ["twice"]),
        helper.make_node("Shape", ["twice"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "size"], ["y"]),
    ]
    return file_of(nodes, [words])


def laid_out(model, folder, least_bytes=LARGE, least_tensor=LARGE):
    """The layout of a model with small thresholds."""
    file = OnnxFile(graph=model)
    return lay_out(file, folder, least_bytes=least_bytes, least_tensor=least_tensor)


def places(graph):
    """Where each tensor that lies apart does: name, offset, length."""
    tensors = onnx.external_data_helper._get_initializer_tensors(  # noqa: SLF001 - as the source
        onnx.load_model_from_string(graph)
    )
    infos = [(t.name, ExternalDataInfo(t)) for t in tensors if uses_external_data(t)]
    assert {info.location for _, info in infos} <= {WEIGHTS_NAME}
    return [(name, info.offset, info.length) for name, info in infos]


def test_large_tensors_lie_in_graph_order_on_pages(tmp_path):
    """Each large tensor starts on a page of its own, raw, and the small one stays in the graph."""
    layout = laid_out(network(), tmp_path)
    assert places(layout.graph) == [("w0", 0, LARGE), ("w1", 8192, LARGE), ("w2", 16384, LARGE)]
    stored = layout.weights.read_bytes()
    assert layout.weights.name == WEIGHTS_NAME
    assert len(stored) == 16384 + LARGE
    for index, weights in enumerate(WEIGHTS):
        assert stored[8192 * index :][:LARGE] == weights.tobytes()
    tensors = onnx.load_model_from_string(layout.graph).graph.initializer
    assert [t.name for t in tensors] == ["w0", "bias", "w1", "w2"]
    assert not any(t.raw_data or t.float_data for t in tensors if uses_external_data(t))


@pytest.mark.parametrize(
    ("model", "inputs", "moved"),
    [
        pytest.param(network(), {"x": ROWS}, 3, id="graph"),
        pytest.param(
            branching(), {"x": ROWS, "flag": np.array(1, dtype=np.bool_)}, 2, id="then-branch"
        ),
        pytest.param(
            branching(), {"x": ROWS, "flag": np.array(0, dtype=np.bool_)}, 2, id="else-branch"
        ),
    ],
)
def test_a_session_answers_as_before(tmp_path, model, inputs, moved):
    """The runtime's session opens the layout, subgraphs too, and gives what the whole file does."""
    layout = laid_out(model, tmp_path)
    assert len(places(layout.graph)) == moved
    given = ModelSession(layout.graph, weights=layout.weights).run(inputs)["y"]
    np.testing.assert_allclose(given, ModelSession(model).run(inputs)["y"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "kind",
    ["FLOAT", "DOUBLE", "FLOAT16", "INT8", "UINT8", "INT32", "INT64", "UINT64", "BOOL"],
)
@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_every_type_of_number_moves(tmp_path, kind, raw):
    """Whatever a tensor's type, and however it is written, its raw little-endian bytes move."""
    number = getattr(TensorProto, kind)
    values = (np.arange(64) % 2).astype(helper.tensor_dtype_to_np_dtype(number))
    tensor = helper.make_tensor("w", number, (64,), values.tobytes() if raw else values, raw=raw)
    nodes = [
        helper.make_node("Cast", ["w"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["cast"], ["sum"]),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    layout = laid_out(file_of(nodes, [tensor]), tmp_path, 64, 64)
    assert layout.weights.read_bytes() == values.tobytes()
    session = ModelSession(layout.graph, weights=layout.weights)
    np.testing.assert_array_equal(session.run({"x": ROWS})["y"], ROWS + 32)


@pytest.mark.parametrize(
    ("model", "least_bytes", "least_tensor"),
    [
        pytest.param(network(), 10 * LARGE, LARGE, id="small-file"),
        pytest.param(network(), 3 * LARGE + 1, LARGE, id="too-little-in-all"),
        pytest.param(network(), LARGE, LARGE + 1, id="small-tensors"),
        pytest.param(network(), 0, LARGE + 1, id="nothing-to-move"),
        pytest.param(text(), 1, 1, id="text"),
    ],
)
def test_what_is_small_stays_as_it_is(tmp_path, model, least_bytes, least_tensor):
    """A model with too little to move is the same bytes as before, and no file is written."""
    layout = laid_out(model, tmp_path, least_bytes, least_tensor)
    assert layout.graph == model
    assert layout.weights is None
    assert list(tmp_path.iterdir()) == []


def test_small_models_stay_whole_by_default(tmp_path):
    """Without thresholds given, a model of a few kB is left alone."""
    assert lay_out(OnnxFile(graph=network()), tmp_path).weights is None


def test_same_model_same_layout(tmp_path):
    """The same bytes in give the same bytes out."""
    layouts = []
    for name in "ab":
        (tmp_path / name).mkdir()
        layouts.append(laid_out(network(), tmp_path / name))
    assert layouts[0].graph == layouts[1].graph
    assert layouts[0].weights.read_bytes() == layouts[1].weights.read_bytes()


@pytest.mark.parametrize("left", [0, LARGE, 16384], ids=["empty", "one-tensor", "cut-at-a-page"])
def test_truncated_weights_open_no_session(tmp_path, left):
    """A session refuses weights that are shorter than the graph says."""
    layout = laid_out(network(), tmp_path)
    layout.weights.write_bytes(layout.weights.read_bytes()[:left])
    with pytest.raises(ArtifactError, match="can't open the model"):
        ModelSession(layout.graph, weights=layout.weights)


def named_outside(name="w"):
    """A tensor of one row that lies in a file of its own."""
    tensor = numpy_helper.from_array(BIAS, name)
    set_external_data(tensor, "w.bin", offset=0, length=BIAS.nbytes)
    tensor.ClearField("raw_data")
    return tensor


def calling():
    """A model whose function adds a row, which stands in a branch within the function."""
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, [40])
    node = helper.make_node("Identity", ["w"], ["z"])
    graph = helper.make_graph([node], "branch", [], [z], [named_outside()])
    true = numpy_helper.from_array(np.array(1, dtype=np.bool_))
    body = [
        helper.make_node("Constant", [], ["c"], value=true),
        helper.make_node("If", ["c"], ["b"], then_branch=graph, else_branch=graph),
        helper.make_node("Add", ["a", "b"], ["s"]),
    ]
    opset = helper.make_opsetid("", 21)
    function = helper.make_function("own", "F", ["a"], ["s"], body, [opset])
    return _adding(helper.make_node("F", ["x"], ["y"], domain="own"), functions=[function])


def sparse():
    """A model that adds a sparse row."""
    indices = numpy_helper.from_array(np.arange(40), "i")
    row = helper.make_sparse_tensor(named_outside(), indices, [40])
    return _adding(helper.make_node("Add", ["x", "w"], ["y"]), sparse=[row])


def _adding(node, *, sparse=(), functions=()):
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 40]) for n in "xy")
    graph = helper.make_graph([node], "graph", [x], [y], sparse_initializer=sparse)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    model = helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=10)
    return model.SerializeToString()


@pytest.mark.parametrize("least_bytes", [0, 32 * 1024**2], ids=["moves", "moves-nothing"])
@pytest.mark.parametrize("model", [calling(), sparse()], ids=["in-a-function", "sparse"])
def test_no_other_file_is_named_afterwards(tmp_path, model, least_bytes):
    """What lies outside comes in wherever it stands, so that the bundle opens anywhere."""
    (tmp_path / "w.bin").write_bytes(BIAS.tobytes())
    layout = lay_out(
        OnnxFile(graph=model, folder=tmp_path), tmp_path, least_bytes=least_bytes, least_tensor=1
    )
    assert b"w.bin" not in layout.graph
    given = ModelSession(layout.graph, weights=layout.weights).run({"x": ROWS})["y"]
    np.testing.assert_array_equal(given, ROWS + BIAS)


def test_a_graph_that_names_another_file_is_refused(tmp_path):
    """A model that is said to be whole and is not does not become a bundle."""
    with pytest.raises(ExportError, match=r"'w' lies in 'w\.bin'"):
        lay_out(OnnxFile(graph=calling()), tmp_path)
