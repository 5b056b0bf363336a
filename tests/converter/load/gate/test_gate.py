"""The gate: what a hostile ONNX file can try, each built here, and what real ones have."""

import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from coldpress.errors import LoadError
from coldpress.load.gate import check_model
from coldpress.load.gate._wire import check_counts

WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 3)
OWN = "own"


def model_of(nodes, *, initializer=(), sparse=(), functions=(), opsets=(("", 21), (OWN, 1))):
    """A model from `x`, two numbers, to `y`."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", None])
    graph = helper.make_graph(nodes, "graph", [x], [y], initializer, sparse_initializer=sparse)
    ids = [helper.make_opsetid(*opset) for opset in opsets]
    return helper.make_model(graph, opset_imports=ids, functions=functions, ir_version=10)


def node(kind="Identity", inputs=("x",), outputs=("y",), **attributes):
    """A node; by default one that gives `y` for `x`."""
    return helper.make_node(kind, list(inputs), list(outputs), **attributes)


def weights(**fields):
    """A tensor, with some of its fields set to what they should not be."""
    tensor = numpy_helper.from_array(WEIGHTS, "w")
    for field, value in fields.items():
        tensor.ClearField(field)
        if isinstance(value, list):
            getattr(tensor, field).extend(value)
        else:
            setattr(tensor, field, value)
    return tensor


def inside(tensor):
    """A model with a tensor among its weights."""
    return model_of([node("MatMul", ("x", "w"))], initializer=[tensor])


def outside(location="w.bin", *, where=inside, extra=(), **numbers):
    """A model with a tensor in another file."""
    tensor = weights()
    set_external_data(tensor, location, **{"offset": 0, "length": 24, **numbers})
    tensor.ClearField("raw_data")
    for key, value in extra:
        tensor.external_data.add(key=key, value=value)
    return where(tensor)


def sparse_of(values, dims=(4, 4), indices=range(6)):
    """A model with a sparse tensor of six values."""
    rows = numpy_helper.from_array(np.array(list(indices), dtype=np.int64), "i")
    tensor = helper.make_sparse_tensor(values, rows, dims)
    return model_of([node()], sparse=[tensor])


def in_attribute(tensor):
    """A model with a tensor in a node's attribute."""
    return model_of([node("Constant", (), ("c",), value=tensor), node()])


def branch(nodes, initializer=()):
    """A graph for a condition."""
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    return helper.make_graph(nodes, "branch", [], [value], initializer)


def conditional(inner):
    """A node that runs a graph."""
    return node("If", ("x",), ("y",), then_branch=inner, else_branch=inner)


def in_subgraph(tensor):
    """A model with a tensor in the branch of a condition."""
    return model_of([conditional(branch([node(outputs=("z",))], [tensor]))])


def function(name, *calls):
    """A function that calls others."""
    nodes = [helper.make_node(call, ["a"], [f"b{i}"], domain=OWN) for i, call in enumerate(calls)]
    nodes.append(helper.make_node("Identity", ["a"], ["b"]))
    return helper.make_function(OWN, name, ["a"], ["b"], nodes, [helper.make_opsetid("", 21),
                                helper.make_opsetid(OWN, 1)])  # fmt: skip


def in_function(tensor):
    """A model with a tensor in the body of a function."""
    holder = function("F")
    holder.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))
    return model_of([node("F", domain=OWN)], functions=[holder])


def in_function_branch(tensor):
    """A model with a tensor in a branch in the body of a function."""
    holder = function("F")
    inner = branch([node(inputs=("a",), outputs=("z",))], [tensor])
    holder.node.insert(0, node("If", ("a",), ("c",), then_branch=inner, else_branch=inner))
    return model_of([node("F", domain=OWN)], functions=[holder])


def in_default(value):
    """A model with a function whose attribute is a tensor, graph or the like by default."""
    holder = function("F")
    holder.attribute_proto.append(helper.make_attribute("d", value))
    return calling(holder)


def in_default_graph(tensor):
    """A model with a tensor in a graph that a function's attribute is by default."""
    return in_default(branch([node("Constant", (), ("z",), value_int=1)], [tensor]))


def in_default_sparse(tensor):
    """A model with a tensor in a sparse one that a function's attribute is by default."""
    return in_default(sparse_of(tensor).graph.sparse_initializer[0])


def acting_default(kind, domain):
    """A model with an operator in a graph that a function's attribute is by default."""
    return in_default([branch([node(kind, outputs=("z",), domain=domain)])])


def nested_default():
    """A model with conditions in conditions in a graph by default."""
    graph = nested(15).graph
    return in_default(branch([node("If", ("x",), ("z",), then_branch=graph, else_branch=graph)]))


def calling_default():
    """A model with a function that calls itself in a graph by default."""
    return in_default(branch([node("F", outputs=("z",), domain=OWN)]))


def calling(*functions):
    """A model that calls the function F."""
    return model_of([node("F", domain=OWN)], functions=functions)


def nested(depth):
    """A model with conditions in conditions."""
    plain = graph = branch([node(outputs=("z",))])
    for _ in range(depth):
        graph = branch([node("If", ("x",), ("z",), then_branch=graph, else_branch=plain)])
    return model_of([conditional(graph)])


def laughs():
    """A model of thirty functions, of which each calls the next one twice."""
    chain = [function(f"F{i}", f"F{i + 1}", f"F{i + 1}") for i in range(30)]
    return model_of([node("F0", domain=OWN)], functions=[*chain, function("F30")])


def deep_branch():
    """A model whose unknown operator stands in a branch."""
    return model_of([conditional(branch([node("Secret", outputs=("z",), domain="evil.ops")]))])


def shaped(dims):
    """A model whose input has a shape of these sizes."""
    model = model_of([node()])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    model.graph.input[0].CopyFrom(x)
    return model


LINKED = "which is a link or no plain file"
APART = "which is not right beside it"
PLACES = [
    pytest.param(in_attribute, id="attribute"),
    pytest.param(in_subgraph, id="subgraph"),
    pytest.param(in_function, id="function"),
    pytest.param(in_function_branch, id="subgraph-of-a-function"),
    pytest.param(in_default, id="default"),
    pytest.param(in_default_graph, id="graph-by-default"),
    pytest.param(in_default_sparse, id="sparse-by-default"),
    pytest.param(sparse_of, id="sparse"),
]


@pytest.fixture
def folder(tmp_path):
    """A model's folder with data, links to data, and a folder; more data lie above it."""
    made = tmp_path / "folder"
    (made / "sub").mkdir(parents=True)
    for path in (tmp_path / "w.bin", made / "w.bin", made / "sub" / "w.bin"):
        path.write_bytes(WEIGHTS.tobytes())
    (made / "link.bin").symlink_to(tmp_path / "w.bin")
    (made / "twin.bin").write_bytes(WEIGHTS.tobytes())
    os.link(made / "twin.bin", made / "hard.bin")
    return made


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(outside("../w.bin"), APART, id="above"),
        pytest.param(outside("/etc/hostname"), APART, id="absolute"),
        pytest.param(outside("sub/w.bin"), APART, id="below"),
        pytest.param(outside("sub\\..\\w.bin"), APART, id="backslashes"),
        pytest.param(outside("C:w.bin"), APART, id="drive"),
        pytest.param(outside(""), APART, id="nowhere"),
        pytest.param(outside("*/_ORT_MEM_ADDR_/*"), APART, id="address-in-memory"),
        pytest.param(outside("sub"), LINKED, id="directory"),
        pytest.param(outside("link.bin"), LINKED, id="symbolic-link"),
        pytest.param(outside("hard.bin"), LINKED, id="hard-link"),
        pytest.param(outside("gone.bin"), "which is not there", id="missing"),
        pytest.param(outside(offset=8), "up to byte 32, and that file has 24", id="behind-its-end"),
        pytest.param(outside(length=8), "takes 8 bytes; by its shape, 24", id="short"),
        pytest.param(outside(offset=-8), "an offset that is no number", id="negative-offset"),
        pytest.param(outside(extra=[("location", "../w.bin")]), "repeated or unknown 'location'",
                     id="second-location"),
        pytest.param(outside(extra=[("prepacked_0", "1")]), "unknown 'prepacked_0'", id="key"),
        pytest.param(inside(weights(raw_data=b"\0" * 8)), "takes 24 bytes and whose data are 8",
                     id="lying-length"),
        pytest.param(inside(weights(dims=[2**32, 2**32])), "impossible shape", id="overflow"),
        pytest.param(inside(weights(dims=[-2, -3])), "impossible shape", id="negative"),
        pytest.param(inside(weights(dims=[2**20, 2**20])), "whose data are 24", id="huge"),
        pytest.param(inside(weights(data_type=999)), "unknown data type 999", id="data-type"),
        pytest.param(inside(weights(float_data=[1.0])), "in two forms", id="two-forms"),
        pytest.param(
            inside(onnx.TensorProto(name="w", data_type=1, dims=[2, 3], float_data=[1.0])),
            "takes 6 elements and whose data are 1", id="few-elements"),
        pytest.param(
            inside(onnx.TensorProto(name="w", data_type=1, dims=[1], int32_data=[1])),
            "of another type", id="wrong-field"),
        pytest.param(sparse_of(weights(), dims=(2**17, 2**17)), "over 2 GB laid out", id="sparse"),
        pytest.param(sparse_of(weights(), indices=(0, 1)), "indices don't fit", id="indices"),
        pytest.param(shaped([2**40, 2**40]), "impossible shape", id="overflowing-input"),
        pytest.param(deep_branch(), "operators of evil.ops", id="domain"),
        pytest.param(model_of([node("Mystery", domain=OWN)]), "operators of own", id="no-function"),
        pytest.param(model_of([node("EPContext", domain="com.microsoft")]), "EPContext node",
                     id="compiled"),
        pytest.param(calling(function("F", "F")), "'F' that calls itself", id="own-call"),
        pytest.param(calling(function("F", "G"), function("G", "F")), "calls itself", id="circle"),
        pytest.param(calling(function("F"), function("F")), "two functions", id="same-function"),
        pytest.param(laughs(), "unfold to more than 1,000,000 nodes", id="billion-laughs"),
        pytest.param(nested(18), "more than 16 deep", id="nesting"),
        pytest.param(nested_default(), "more than 16 deep", id="nesting-by-default"),
        pytest.param(acting_default("Secret", "evil.ops"), "of evil.ops", id="domain-by-default"),
        pytest.param(acting_default("EPContext", "com.microsoft"), "EPContext node",
                     id="compiled-by-default"),
        pytest.param(calling_default(), "calls itself", id="own-call-by-default"),
        pytest.param(model_of([node(inputs=("b",), outputs=("y",)), node(inputs=("y",),
                     outputs=("b",))]), "go in a circle", id="circular-graph"),
        pytest.param(model_of([node(), node()]), "the value 'y' twice", id="value-twice"),
        pytest.param(model_of([node("MatMul", ("x", "w"))], initializer=[weights(), weights()]),
                     "the initialiser 'w' twice", id="weight-twice"),
        pytest.param(model_of([node()], opsets=(("", 99),)), "needs ONNX opset 99", id="opset"),
        pytest.param(model_of([node("Relu", ("nobody",))]), "no valid ONNX model", id="checker"),
    ],
)  # fmt: skip
def test_hostile_models_are_refused(folder, model, said):
    """Each gets one sentence that says what is wrong."""
    with pytest.raises(LoadError) as caught:
        check_model("m.onnx", model.SerializeToString(), folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", PLACES)
def test_every_tensor_is_looked_at(folder, where):
    """Data outside the folder are refused wherever in the model the tensor stands."""
    with pytest.raises(LoadError, match="not right beside it"):
        check_model("m.onnx", outside("../w.bin", where=where).SerializeToString(), folder)


@pytest.mark.parametrize("where", PLACES)
def test_lying_lengths_are_seen_everywhere(folder, where):
    """So are data that are shorter than their shape."""
    model = where(weights(raw_data=b"\0" * 8))
    with pytest.raises(LoadError, match="whose data are 8"):
        check_model("m.onnx", model.SerializeToString(), folder)


@pytest.mark.parametrize(
    ("model", "bytes_outside"),
    [
        pytest.param(inside(weights()), 0, id="inside"),
        pytest.param(outside(), 24, id="outside"),
        pytest.param(outside(where=sparse_of), 24, id="sparse-outside"),
        pytest.param(outside(where=in_default_graph), 24, id="outside-by-default"),
        pytest.param(in_function(weights()), 0, id="function"),
        pytest.param(calling(function("F", "G"), function("G")), 0, id="calls"),
        pytest.param(nested(15), 0, id="nested"),
        pytest.param(
            inside(onnx.TensorProto(name="w", data_type=TensorProto.FLOAT16, dims=[2, 3],
                   int32_data=[0] * 6)), 0, id="halves-as-integers"),
        pytest.param(
            in_attribute(onnx.TensorProto(name="w", data_type=TensorProto.INT4, dims=[3],
                         raw_data=b"\1\2")), 0, id="half-bytes"),
        pytest.param(in_attribute(helper.make_tensor("w", TensorProto.STRING, [2], [b"a", b"b"])),
                     0, id="texts"),
    ],
)  # fmt: skip
def test_real_models_pass(folder, model, bytes_outside):
    """What exporters write passes, and the length of what lies outside is told."""
    assert check_model("m.onnx", model.SerializeToString(), folder).outside == bytes_outside


def field(number, content):
    """A field with a length, as it stands in a file."""
    length = bytearray()
    rest = len(content)
    while rest or not length:
        length.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
    return bytes([number << 3 | 2]) + bytes(length) + content


def flooded(count, part=b"\x0a\x00"):
    """The bytes of a model with very many empty nodes, which take two bytes each."""
    return field(7, part * count)


def flooded_branch(count):
    """The same in the branch of a condition: model, graph, node, attribute, graph."""
    return field(7, field(1, field(5, field(6, b"\x0a\x00" * count))))


def broken_text():
    """The bytes of a model with a name that is no UTF-8."""
    return inside(weights(name="wwww")).SerializeToString().replace(b"wwww", b"w\xffww")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(flooded(2_000_001), "more than 2,000,000 nodes", id="before-parsing"),
        pytest.param(flooded_branch(2_000_001), "more than 2,000,000 nodes", id="in-a-branch"),
        pytest.param(broken_text(), "a name or another text that is no UTF-8", id="broken-name"),
        pytest.param(
            outside("wwww").SerializeToString().replace(b"wwww", b"w\xffww"),
            "a name or another text that is no UTF-8",
            id="broken-location",
        ),
        pytest.param(flooded(1_000_001), "has 1,000,001 nodes", id="after-parsing"),
        pytest.param(flooded(10)[:-1], "no ONNX file", id="cut-off"),
        pytest.param(b"\x3a" + b"\xff" * 11, "no ONNX file", id="endless-number"),
        pytest.param(b"\x3b", "no ONNX file", id="unknown-wire-type"),
    ],
)
def test_floods_are_stopped(data, said):
    """A file of very many tiny parts is refused before it takes a hundred times its size."""
    with pytest.raises(LoadError) as caught:
        check_model("m.onnx", data, None)
    assert said in str(caught.value)


@pytest.mark.parametrize("where", [inside, *PLACES])
def test_nothing_is_read_from_outside(folder, monkeypatch, where):
    """The checker gets a model that names no other file, so it opens none."""
    seen = []
    monkeypatch.setattr(onnx.checker, "check_model", seen.append)
    data = outside(where=where).SerializeToString()
    assert check_model("m.onnx", data, folder).model == onnx.load_model_from_string(data)
    assert b"w.bin" in data
    assert seen
    assert b"w.bin" not in seen[0]


def test_many_numbers_are_no_parts():
    """A forest's numbers, each with its key, are passed over however many they are."""
    forest = node("TreeEnsemble", domain="ai.onnx.ml", ids=range(300_000), at=[0.5] * 300_000)
    check_counts("m.onnx", model_of([forest] * 4).SerializeToString())
