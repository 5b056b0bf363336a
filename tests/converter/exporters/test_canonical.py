import pytest
from onnx import TensorProto, helper

from coldpress.exporters._canonical import rename_canonically, strip_notes


def model(first, second):
    """A graph whose inner names carry numbers, one of them inside a branch."""
    x = helper.make_tensor_value_info("x__7", TensorProto.FLOAT, [None])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    inner = helper.make_tensor_value_info(f"inner__{second}", TensorProto.FLOAT, None)
    node = helper.make_node("Identity", [f"sum__{first}"], [inner.name])
    branch = helper.make_graph([node], "branch", [], [inner])
    nodes = [
        helper.make_node(
            "Add", ["x__7", f"b__{second + 1}"], [f"sum__{first}"], name=f"add__{second}"
        ),
        helper.make_node("If", [f"flag_{first}"], ["y"], then_branch=branch, else_branch=branch),
    ]
    constants = [
        helper.make_tensor(f"b__{second + 1}", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor(f"flag_{first}", TensorProto.BOOL, [], [True]),
    ]
    if second > first:
        constants.reverse()
    return helper.make_model(helper.make_graph(nodes, "graph", [x], [y], constants))


@pytest.mark.parametrize(("first", "second"), [(3, 12), (40, 2), (5, 99)])
def test_names_depend_on_the_graph_alone(first, second):
    """Graphs that differ in their inner names alone become the same, branches included."""
    one, other = model(1, 2), model(first, second)
    rename_canonically(one)
    rename_canonically(other)
    assert one == other
    assert one.graph.input[0].name == "x__7"
    branch = one.graph.node[1].attribute[0].g
    assert branch.node[0].input[0] == one.graph.node[0].output[0]


def test_inputs_and_outputs_get_the_names_given():
    """New names reach every mention, even where an output takes an input's old name."""
    found = model(1, 2)
    rename_canonically(found, {"x__7": "y", "y": "x__7"})
    assert [value.name for value in (*found.graph.input, *found.graph.output)] == ["y", "x__7"]
    assert found.graph.node[0].input[0] == "y"
    assert found.graph.node[1].output[0] == "x__7"


def test_notes_are_taken_away_in_branches_too():
    """Nothing is left of metadata, doc strings and inferred shapes, and nothing else goes."""
    noted, plain = model(1, 2), model(1, 2)
    inner = noted.graph.node[1].attribute[0].g
    for part in (noted, noted.graph, noted.graph.node[0], inner, inner.node[0]):
        part.doc_string = "/home/somebody/model.py"
        part.metadata_props.add(key="trace", value="/home/somebody/model.py")
    inner.value_info.append(helper.make_tensor_value_info("v", TensorProto.FLOAT, [1]))
    strip_notes(noted)
    assert noted == plain
