import numpy as np
import pytest
from onnx import helper

from coldpress.exporters.probes._ways import Source, joined, only_trees, ways

ROW = np.zeros((1, 2), np.float32)


def node(kind, inputs, output="features", domain="", **attributes):
    """A node of a graph."""
    return helper.make_node(kind, inputs, [output], domain=domain, **attributes)


def moved(*columns):
    """Columns of `x` as they are."""
    return tuple(Source(name="x", column=column) for column in columns)


def scaled(column, *, exact=True):
    """A column of `x` that was calculated with."""
    return Source(name="x", column=column, moved=False, exact=exact)


PAIR = np.array([1.0, 2.0], np.float32)
WAYS = [
    pytest.param([node("Cast", ["x"], to=11)], moved(0, 1), id="cast"),
    pytest.param([node("Concat", ["x", "x"], axis=1)], moved(0, 1, 0, 1), id="concat"),
    pytest.param([node("Gather", ["x", "swap"], axis=1)], moved(1, 0), id="gather"),
    pytest.param(
        [node("ArrayFeatureExtractor", ["x", "swap"], domain="ai.onnx.ml")], moved(1, 0), id="pick"
    ),
    pytest.param([node("Slice", ["x", "one", "two", "one"])], moved(1), id="slice"),
    pytest.param([node("Reshape", ["x", "shape"])], moved(0, 1), id="reshape"),
    pytest.param([node("Sub", ["x", "pair"])], (scaled(0), scaled(1)), id="scaled"),
    pytest.param(
        [node("Log", ["x"])], (scaled(0, exact=False), scaled(1, exact=False)), id="function"
    ),
    pytest.param(
        [node("IsNaN", ["x"], "gap"), node("Where", ["gap", "pair", "x"])],
        (scaled(0), scaled(1)),
        id="filled in",
    ),
    pytest.param(
        [node("Gather", ["x", "swap"], "other", axis=1), node("Add", ["x", "other"])],
        (None, None),
        id="sum of two",
    ),
    pytest.param([node("MatMul", ["x", "square"])], None, id="mixed"),
    pytest.param([node("Transpose", ["x"])], None, id="turned"),
]


@pytest.mark.parametrize(("nodes", "expected"), WAYS)
def test_columns_are_followed_as_far_as_the_way_is_plain(nodes, expected, trees):
    """Moves keep a column, arithmetic with constants marks it, mixing loses it."""
    constants = {
        "pair": PAIR,
        "square": np.eye(2, dtype=np.float32),
        "swap": np.array([1, 0]),
        "one": np.array([1]),
        "two": np.array([2]),
        "shape": np.array([-1, 2]),
    }
    found = ways(trees.graph(nodes, constants=constants), {"x": ROW}, {})
    assert found.get("features") == expected


def test_columns_of_an_encoder_stand_beside_those_that_are_followed(trees):
    """What can't be followed takes its room, and the rest keeps its place."""
    nodes = [
        node("OneHotEncoder", ["x"], "coded", domain="ai.onnx.ml", cats_int64s=[0, 1]),
        node("Concat", ["coded", "x"], axis=1),
    ]
    graph = trees.graph(nodes)
    assert joined(graph) == ("coded", "x")
    found = ways(graph, {"x": ROW}, {"coded": 4, "x": 2})
    assert found["features"] == (None, None, None, None, *moved(0, 1))


def test_split_columns_are_followed(trees):
    """Each part of a split knows its columns."""
    split = helper.make_node("Split", ["x", "sizes"], ["left", "right"], axis=1)
    graph = trees.graph([split], constants={"sizes": np.array([1, 1])})
    found = ways(graph, {"x": ROW}, {})
    assert (found["left"], found["right"]) == (moved(0), moved(1))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param([node("Cast", ["x"], to=1)], True, id="moved"),
        pytest.param([node("Sub", ["x", "pair"])], False, id="scaled"),
        pytest.param([node("Identity", ["x"]), node("Neg", ["x"], "more")], False, id="beside"),
    ],
)
def test_only_trees_look_at_the_inputs(nodes, expected, trees):
    """A graph that calculates with its inputs anywhere is more than trees."""
    graph = trees.graph([*nodes, trees.stump(0.5)], constants={"pair": PAIR})
    assert only_trees(graph) == expected


def test_a_graph_without_trees_is_none_of_them(trees):
    """Only moving numbers is no tree."""
    assert not only_trees(trees.graph([node("Identity", ["x"], "y")]))
