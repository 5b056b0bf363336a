import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress.certification import certify
from coldpress.exporters.probes import probed

RANDOM = np.random.default_rng(1)
# None of them is near a threshold.
ROWS = RANDOM.integers(-9, 9, (50, 2)) * 0.7
THRESHOLD = float(np.float32(0.3))
UP, DOWN = (float(np.nextafter(np.float32(0.3), np.float32(side))) for side in (1, -1))
# So that float32 inputs lie closer together than what they are scaled to.
MEAN, SCALE = np.array([0.1, -2.0]), np.array([6.0, 0.7])


def scaling(dtype):
    """Nodes and constants that scale as scikit-learn does, in the type of the input."""
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], ["features"], to=TensorProto.FLOAT),
    ]
    return nodes, {"mean": MEAN.astype(dtype), "scale": SCALE.astype(dtype)}


def moving(_dtype):
    """A cast, as trees of scikit-learn do first."""
    return [helper.make_node("Cast", ["x"], ["features"], to=TensorProto.FLOAT)], {}


def answer(before, threshold, mode=np.less_equal):
    """The original: a stump behind the same steps, by numpy."""

    def ask(tensors):
        values = tensors["x"][:, :1]
        if before is scaling:
            values = values - MEAN[:1].astype(values.dtype)
            values /= SCALE[:1].astype(values.dtype)
        values = values.astype(np.float32)
        held = mode(values, np.float32(threshold))
        return {"y": np.where(held, 1.0, 2.0).astype(np.float32)}

    return ask


def certificate_of(trees, before, dtype, *, original, exported, mode="BRANCH_LEQ"):
    """A stump held against another, with the probes of its graph."""
    nodes, constants = before(dtype)
    graph = trees.graph(
        [*nodes, trees.stump(exported, mode=mode)], dtype=dtype, constants=constants
    )
    file = trees.file(graph)
    rows = {"x": ROWS.astype(dtype)}
    compare = {"BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less}[mode]
    held = trees.reference(answer(before, original, compare), rows)
    return certify(probed(held, framework="scikit-learn", model=file), file.open(), packages=())


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("before", [moving, scaling], ids=["moved", "scaled"])
@pytest.mark.parametrize("exported", [UP, DOWN], ids=["above", "below"])
def test_a_threshold_that_is_one_step_off_is_found(trees, before, dtype, exported, mode):
    """The sample can't tell the two apart; the rows on and beside the threshold do."""
    found = certificate_of(trees, before, dtype, original=THRESHOLD, exported=exported, mode=mode)
    assert all(check.passed for check in found.outputs)
    assert "on the thresholds probes, output 'y' differs" in str(found.failure())


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("before", [moving, scaling], ids=["moved", "scaled"])
def test_the_same_threshold_passes(trees, before, dtype):
    """An export that rounds and compares as the original does answers alike on each probe."""
    found = certificate_of(trees, before, dtype, original=THRESHOLD, exported=THRESHOLD)
    assert found.passed
    thresholds = next(probe for probe in found.probes if probe.name == "thresholds")
    assert thresholds.accepted
    assert thresholds.binding
    assert thresholds.rows >= 4


def test_whole_numbers_cross_between_two_of_them(trees):
    """A threshold of 2.5 over whole numbers is probed with 2 and 3 and those beside."""
    file = trees.file(trees.graph([*moving(np.int64)[0], trees.stump(2.5)], dtype=np.int64))
    rows = {"x": RANDOM.integers(-5, 9, (20, 2))}
    made = probed(
        trees.reference(answer(moving, 2.5), rows), framework="scikit-learn", model=file
    ).probes[0]
    assert made.name == "thresholds"
    assert {1, 2, 3, 4} <= set(made.tensors["x"][:, 0].tolist())


def test_thresholds_behind_functions_bind_nothing(trees):
    """Two logarithms may differ in the last digit, and so stand on two sides of a threshold."""
    nodes = [helper.make_node("Exp", ["x"], ["features"])]
    file = trees.file(trees.graph([*nodes, trees.stump(THRESHOLD)]))
    rows = {"x": ROWS.astype(np.float32)}
    made = probed(
        trees.reference(answer(moving, 0.0), rows), framework="scikit-learn", model=file
    ).probes[0]
    assert (made.name, made.binding) == ("thresholds behind functions", False)
    below = np.exp(made.tensors["x"][:, 0]) <= THRESHOLD
    assert below.any()
    assert not below.all()


def test_no_plain_way_means_no_probes_on_thresholds(trees):
    """Where a feature is made of several numbers there is no place to put a threshold."""
    nodes = [helper.make_node("MatMul", ["x", "square"], ["features"])]
    square = np.eye(2, dtype=np.float32) + 1
    file = trees.file(trees.graph([*nodes, trees.stump(0.3)], constants={"square": square}))
    rows = {"x": ROWS.astype(np.float32)}
    made = probed(
        trees.reference(answer(moving, 0.0), rows), framework="scikit-learn", model=file
    ).probes
    assert not any(probe.name.startswith("thresholds") for probe in made)


def test_a_feature_alike_at_both_ends_has_no_probes_on_thresholds(trees):
    """The least and the largest number have the same square, so none is found to cross."""
    nodes = [helper.make_node("Mul", ["x", "x"], ["features"])]
    file = trees.file(trees.graph([*nodes, trees.stump(THRESHOLD)]))
    rows = {"x": ROWS.astype(np.float32)}
    made = probed(
        trees.reference(answer(moving, 0.0), rows), framework="scikit-learn", model=file
    ).probes
    assert not any(probe.name.startswith("thresholds") for probe in made)


def test_equality_is_probed_with_the_value_itself(trees):
    """A node that asks for one category gets that one and its neighbours."""
    file = trees.file(trees.graph([*moving(0)[0], trees.stump(2.0, mode="BRANCH_EQ")]))
    rows = {"x": RANDOM.integers(0, 5, (20, 2)).astype(np.float32)}
    made = probed(
        trees.reference(answer(moving, 2.0, np.equal), rows), framework="onnx", model=file
    ).probes[0]
    assert 2.0 in made.tensors["x"][:, 0]
    assert made.count == 3
