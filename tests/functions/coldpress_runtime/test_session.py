import re
import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import ArtifactError, PredictionFailed, RequestError
from coldpress_runtime.options import SessionOptions
from coldpress_runtime.session import DTYPES, ModelSession, check_inputs, datatype_of

SIGNATURE = Signature(
    inputs=(
        TensorSpec(name="rows", datatype="FP32", shape=(-1, 3)),
        TensorSpec(name="kind", datatype="BYTES", shape=(-1, 1)),
        TensorSpec(name="bias", datatype="FP32", shape=(2,)),
    ),
    outputs=(TensorSpec(name="y", datatype="FP32", shape=(-1,)),),
)

# Changes of fitting tensors, and what the error says.
WRONG = {
    "missing": ({"rows": None}, "missing input 'rows'"),
    "several missing": ({"rows": None, "kind": None}, "missing input 'kind', 'rows'"),
    "unknown": ({"x": np.zeros(1)}, "unknown input 'x'; this model takes 'bias', 'kind', 'rows'"),
    "name in capitals": ({"Rows": np.zeros(1)}, "unknown input 'Rows'"),
    "unknown and long": ({"x" * 999: np.zeros(1)}, f"unknown input '{'x' * 64}'; this model"),
    "many unknown": ({f"x{i}": np.zeros(1) for i in range(999)}, "unknown input 'x0', 'x1', 'x10'"),
    "FP64 for FP32": ({"rows": np.zeros((2, 3))}, "input 'rows' must be FP32, not FP64"),
    "numbers for text": (
        {"kind": np.zeros((2, 1), np.int64)},
        "input 'kind' must be BYTES, not INT64",
    ),
    "one dimension": (
        {"rows": np.zeros(6, np.float32)},
        "input 'rows' must have 2 dimensions, [-1, 3], not 1: [6]",
    ),
    "three dimensions": ({"rows": np.zeros((2, 3, 1), np.float32)}, "not 3: [2, 3, 1]"),
    "scalar": ({"rows": np.float32(1).reshape(())}, "not 0: []"),
    "columns missing": (
        {"rows": np.zeros((2, 2), np.float32)},
        "input 'rows' must have shape [-1, 3], not [2, 2]",
    ),
    "fixed length": ({"bias": np.zeros(3, np.float32)}, "must have shape [2], not [3]"),
    "no rows": ({"rows": np.zeros((0, 3), np.float32)}, "'rows' is empty: its shape is [0, 3]"),
    "rows differ": (
        {"rows": np.zeros((3, 3), np.float32)},
        "the inputs differ in their number of rows: 'rows' has 3, 'kind' has 2",
    ),
}


def _fitting():
    return {
        "rows": np.zeros((2, 3), np.float32),
        "kind": np.array([["a"], ["b"]], dtype=object),
        "bias": np.zeros(2, np.float32),
    }


@pytest.fixture(scope="module")
def gather(build_onnx):
    """A session of a look-up: rows of a table of three by index."""
    return ModelSession(
        build_onnx(
            [helper.make_node("Gather", ["table", "index"], ["row"])],
            {"index": ("INT64", [None])},
            {"row": ("FP32", [None, 2])},
            {"table": np.arange(6, dtype=np.float32).reshape(3, 2)},
        )
    )


@pytest.fixture(scope="module")
def reshape(build_onnx):
    """A session whose second input, if it is wrong, lets onnxruntime fail."""
    return ModelSession(
        build_onnx(
            [
                helper.make_node("Cast", ["shape"], ["whole"], to=TensorProto.INT64),
                helper.make_node("Reshape", ["x", "whole"], ["y"]),
            ],
            {"x": ("FP32", [None]), "shape": ("FP32", [None])},
            {"y": ("FP32", [None, None])},
        )
    )


@pytest.mark.parametrize("datatype", DTYPES)
def test_every_datatype_goes_through_a_model(build_onnx, datatype):
    """A tensor of each datatype is taken and given, under the protocol's name of it."""
    session = ModelSession(
        build_onnx(
            [helper.make_node("Identity", ["x"], ["y"])],
            {"x": (datatype, [None, 2])},
            {"y": (datatype, [None, 2])},
        )
    )
    values = [["a", "é\x00"]] if datatype == "BYTES" else [[0, 1]]
    array = np.array(values, dtype=DTYPES[datatype])
    result = session.run({"x": array})["y"]
    assert session.inputs == (TensorSpec(name="x", datatype=datatype, shape=(-1, 2)),)
    assert session.outputs == (TensorSpec(name="y", datatype=datatype, shape=(-1, 2)),)
    assert datatype_of(result) == datatype
    assert result.tolist() == array.tolist()


def test_a_dimension_that_is_0_in_the_signature_may_be_0():
    """A model that itself says that a dimension is 0 gets its empty tensor."""
    x = TensorSpec(name="x", datatype="FP32", shape=(-1, 0))
    signature = SIGNATURE._replace(inputs=(x,))
    check_inputs(signature, {"x": np.zeros((2, 0), np.float32)})
    with pytest.raises(RequestError, match=r"'x' is empty: its shape is \[0, 0\]"):
        check_inputs(signature, {"x": np.zeros((0, 0), np.float32)})


def test_a_session_knows_its_signature(build_onnx):
    """Inputs and outputs come in the graph's order, named and unnamed dimensions as -1."""
    session = ModelSession(
        build_onnx(
            [
                helper.make_node("MatMul", ["b", "a"], ["second"]),
                helper.make_node("Not", ["c"], ["first"]),
            ],
            {"b": ("FP32", ["batch", 3]), "a": ("FP32", [3, 2]), "c": ("BOOL", [])},
            {"first": ("BOOL", []), "second": ("FP32", ["batch", 2])},
        )
    )
    assert [(s.name, s.datatype, s.shape) for s in session.inputs] == [
        ("b", "FP32", (-1, 3)),
        ("a", "FP32", (3, 2)),
        ("c", "BOOL", ()),
    ]
    assert [(s.name, s.datatype, s.shape) for s in session.outputs] == [
        ("first", "BOOL", ()),
        ("second", "FP32", (-1, 2)),
    ]


def test_constants_are_no_inputs(gather):
    """An initializer does not count as an input."""
    assert [spec.name for spec in gather.inputs] == ["index"]


@pytest.mark.parametrize(
    "model",
    [b"", b"no model", b"\x00" * 64, b"\x08\x0a" + b"\xff" * 64],
    ids=["empty", "text", "zeros", "broken"],
)
def test_bytes_that_are_no_model_are_refused(model):
    """What is no ONNX file is refused in one line."""
    with pytest.raises(ArtifactError, match=r"^onnxruntime can't open the model: ") as caught:
        ModelSession(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "outputs", "message"),
    [
        ([helper.make_node("Nothing", ["x"], ["y"])], {"y": ("FP32", [None])}, "can't open"),
        (
            [helper.make_node("Relu", ["absent"], ["y"])],
            {"y": ("FP32", [None])},
            "can't open the model",
        ),
        (
            [helper.make_node("Relu", ["x"], ["y"], domain="other")],
            {"y": ("FP32", [None])},
            "can't open the model",
        ),
    ],
    ids=["unknown operator", "unknown tensor", "unknown domain"],
)
def test_a_model_that_cannot_run_is_refused(build_onnx, nodes, outputs, message):
    """A graph that onnxruntime has no way to run is refused when it is opened."""
    model = build_onnx(nodes, {"x": ("FP32", [None])}, outputs)
    with pytest.raises(ArtifactError, match=message):
        ModelSession(model)


@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin", "/etc/hostname"])
def test_a_model_with_its_weights_elsewhere_is_refused(build_onnx, location):
    """A model cannot have the function read another file."""
    model = onnx.ModelProto.FromString(
        build_onnx(
            [helper.make_node("Add", ["x", "weights"], ["y"])],
            {"x": ("FP32", [3])},
            {"y": ("FP32", [3])},
        )
    )
    weights = onnx.TensorProto(
        name="weights",
        data_type=onnx.TensorProto.FLOAT,
        dims=[3],
        data_location=onnx.TensorProto.EXTERNAL,
    )
    weights.external_data.add(key="location", value=location)
    model.graph.initializer.append(weights)
    with pytest.raises(ArtifactError, match="can't open the model"):
        ModelSession(model.SerializeToString())


def test_a_sequence_is_no_tensor(build_onnx):
    """A model that gives a sequence, such as a ZipMap's, is refused by the output's name."""
    model = onnx.ModelProto.FromString(
        build_onnx(
            [helper.make_node("SequenceConstruct", ["x"], ["y"])], {"x": ("FP32", [None])}, {}
        )
    )
    model.graph.output.append(
        helper.make_tensor_sequence_value_info("y", onnx.TensorProto.FLOAT, None)
    )
    with pytest.raises(ArtifactError, match=r"'y' is a seq\(tensor\(float\)\); only tensors"):
        ModelSession(model.SerializeToString())


def test_fitting_inputs_pass():
    """Inputs of the signature's names, datatypes and shapes pass."""
    check_inputs(SIGNATURE, _fitting())


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_inputs_that_do_not_fit_are_refused(changes, message):
    """Inputs that differ from the signature are refused, with what is expected and found."""
    tensors = {k: v for k, v in {**_fitting(), **changes}.items() if v is not None}
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        check_inputs(SIGNATURE, tensors)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("index", [3, -4, 2**62])
def test_a_value_that_the_graph_refuses_is_the_requests_fault(gather, index):
    """An index out of range is the request's error, without onnxruntime's own words."""
    with pytest.raises(
        RequestError, match=r"^the model can't take inputs of these shapes or values"
    ):
        gather.run({"index": np.array([index])})
    assert gather.run({"index": np.array([2])})["row"].tolist() == [[4, 5]]


@pytest.mark.parametrize("shape", [[7, 1], [-1, -1], [10**12, 1], [2, -5]])
def test_a_failed_run_leaves_the_session_usable(reshape, shape):
    """When onnxruntime fails, that is an error of its own, and the next run is answered."""
    rows = np.zeros(4, np.float32)
    with pytest.raises(PredictionFailed, match=r"^onnxruntime failed: ") as caught:
        reshape.run({"x": rows, "shape": np.array(shape, np.float32)})
    assert "\n" not in str(caught.value)
    assert reshape.run({"x": rows, "shape": np.array([2, 2], np.float32)})["y"].shape == (2, 2)


SHAPES_THAT_CLASH = {
    "two free inputs": (
        helper.make_node("Add", ["a", "b"], ["y"]),
        {"a": ("FP32", [None, None]), "b": ("FP32", [None, None])},
        {"a": np.zeros((1, 3), np.float32), "b": np.zeros((1, 4), np.float32)},
    ),
    "one against the weights": (
        helper.make_node("MatMul", ["a", "weights"], ["y"]),
        {"a": ("FP32", [None, None])},
        {"a": np.zeros((1, 3), np.float32)},
    ),
    "a shape as a value": (
        helper.make_node("Reshape", ["weights", "a"], ["y"]),
        {"a": ("INT64", [2])},
        {"a": np.array([7, 7])},
    ),
}


@pytest.mark.parametrize(
    ("node", "inputs", "tensors"), SHAPES_THAT_CLASH.values(), ids=SHAPES_THAT_CLASH.keys()
)
def test_shapes_that_clash_are_the_requests(build_onnx, node, inputs, tensors):
    """Where the model leaves dimensions free, one that no operator can take is a wrong request."""
    weights = {"weights": np.zeros((30, 2), np.float32)} if "weights" in node.input else {}
    session = ModelSession(build_onnx([node], inputs, {"y": ("FP32", [None, None])}, weights))
    with pytest.raises(RequestError, match="can't take inputs of these shapes or values"):
        session.run(tensors)


def test_one_session_answers_many_threads(gather):
    """Runs at the same time do not get each other's answers."""
    wrong = []

    def ask(index):
        expected = [[2.0 * index, 2.0 * index + 1]] * 50
        for _ in range(50):
            found = gather.run({"index": np.full(50, index)})["row"].tolist()
            if found != expected:
                wrong.append(index)

    threads = [threading.Thread(target=ask, args=(number % 3,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("array", "datatype"),
    [
        (np.array(["a"]), "BYTES"),
        (np.array([b"a"]), "BYTES"),
        (np.array(["a"], dtype=object), "BYTES"),
        (np.array([1.5]), "FP64"),
        (np.array([True]), "BOOL"),
    ],
    ids=["text", "bytes", "objects", "floats", "booleans"],
)
def test_an_arrays_datatype(array, datatype):
    """Arrays have the protocol's datatypes, strings of any kind are BYTES."""
    assert datatype_of(array) == datatype


@pytest.mark.parametrize(
    "options",
    [
        SessionOptions(),
        SessionOptions(threads=2),
        SessionOptions(threads=2, spinning=True),
        SessionOptions(prepacking=False),
        SessionOptions(prepacking=True),
    ],
    ids=["by themselves", "threads", "spinning", "mapped", "packed"],
)
def test_options_change_no_answer(build_onnx, options):
    """However a session is set up, it gives what the model gives."""
    matrix = np.linspace(-1, 1, 4096, dtype=np.float32).reshape(64, 64)
    model = build_onnx(
        [helper.make_node("MatMul", ["x", "matrix"], ["y"])],
        {"x": ("FP32", [None, 64])},
        {"y": ("FP32", [None, 64])},
        {"matrix": matrix},
    )
    rows = np.ones((3, 64), dtype=np.float32)
    answer = ModelSession(model, options=options).run({"x": rows})["y"]
    np.testing.assert_allclose(answer, rows @ matrix, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("prepacking", "apart", "packs"),
    [(None, False, True), (None, True, False), (True, True, True), (False, False, False)],
)
def test_weights_that_lie_apart_are_not_packed_by_themselves(prepacking, apart, packs):
    """Without a choice, what lies in the graph is packed and what lies apart is mapped."""
    assert SessionOptions(prepacking=prepacking).packs(apart=apart) is packs
