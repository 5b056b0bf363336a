"""The verdict: what passes, what fails, and how the failure is told."""

import re

import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress.certification import EXACT, LOSSY, certify, read_certificate
from coldpress.errors import CertificationError, SampleError
from coldpress.exporters import Reference, Rows
from coldpress_runtime.session import ModelSession

ROWS = np.random.default_rng(0).random((300, 3)).astype(np.float32)


def graph_of(nodes, outputs, initializer=()):
    """An ONNX file from `x`, three numbers in each row."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 3])
    values = [helper.make_tensor_value_info(*spec) for spec in outputs]
    graph = helper.make_graph(nodes, "graph", [x], values, initializer)
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


IDENTITY = graph_of(
    [helper.make_node("Identity", ["x"], ["y"])], [("y", TensorProto.FLOAT, ["rows", 3])]
)
CLASSIFIER = graph_of(
    [
        helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0),
        helper.make_node("Identity", ["x"], ["scores"]),
    ],
    [("label", TensorProto.INT64, ["rows"]), ("scores", TensorProto.FLOAT, ["rows", 3])],
)


def verdict(original, rows=ROWS, model=IDENTITY, tolerance=EXACT, **more):
    """The certificate of a model against a function from rows to what they should give."""
    sample = Rows(name="sample", tensors={"x": rows}, original=lambda part: original(rows[part]))
    reference = Reference(rows=sample, described="a function", **more)
    session = ModelSession(model)
    return certify(reference, session, packages=("numpy",), tolerance=tolerance)


def moved(by, *, row):
    """An original that differs from the identity by a little in one row of the sample."""
    return lambda part: {"y": np.where((part == ROWS[row]).all(1, keepdims=True), part + by, part)}


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_no_number_at_all_proves_nothing(nothing):
    """An original that has a number for no row of the sample is not held to be met."""
    rows = np.full_like(ROWS, nothing)
    with pytest.raises(SampleError, match="'y' is NaN or infinite on every row of the sample"):
        verdict(lambda part: {"y": part}, rows=rows)


def test_equal_answers_pass():
    """Equal answers get a certificate with every figure at zero."""
    certificate = verdict(lambda part: {"y": part})
    (check,) = certificate.outputs
    assert certificate.passed
    assert (certificate.rows, check.rows, check.max_abs_diff, check.rows_beyond) == (300, 300, 0, 0)
    batches = [
        (batch.size, [check.rows for check in batch.outputs]) for batch in certificate.batches
    ]
    assert batches == [(1, [8]), (2, [16])]
    assert certificate.failure() is None
    assert certificate.versions == {"numpy": np.__version__}
    assert certificate.summary.label_agreement is None


def test_small_differences_are_measured():
    """Differences within tolerance pass, and their size is what the certificate says."""
    certificate = verdict(lambda part: {"y": part.astype(np.float64) + 1e-6})
    (check,) = certificate.outputs
    assert check.max_abs_diff == pytest.approx(1e-6, rel=0.1)
    assert check.mean_abs_diff <= check.p99_abs_diff <= check.max_abs_diff
    assert check.max_rel_diff > check.max_abs_diff


def test_nan_and_infinity_are_compared_by_place():
    """NaN and infinities in the same places are equal, and don't spoil the figures."""
    rows = ROWS.copy()
    rows[3] = [np.nan, np.inf, -np.inf]
    (check,) = verdict(lambda part: {"y": part}, rows).outputs
    assert (check.nan_equal, check.max_abs_diff) == (True, 0.0)


@pytest.mark.parametrize(
    ("original", "said", "rows"),
    [
        pytest.param(moved(0.5, row=7), r"up to 0.5 in 1 of 300 rows \(row 7\)", [7], id="one-row"),
        pytest.param(
            lambda part: {"y": part + 1}, r"300 of 300 rows \(rows 0, 1, 2, 3, 4, …\)",
            [0, 1, 2, 3, 4], id="every-row",
        ),
        pytest.param(moved(np.nan, row=299), r"is NaN where .* \(row 299\)", [299], id="nan"),
        pytest.param(moved(np.inf, row=5), r"\(row 5\)", [5], id="infinity"),
        pytest.param(lambda part: {"y": part[:, :2]}, r"shape \[256, 3\], declared as \[-1, 3\]",
                     [0, 1, 2, 3, 4], id="shape"),
        pytest.param(lambda part: {"y": part.astype(np.int64)}, "is float32 .* is int64",
                     [0, 1, 2, 3, 4], id="kind"),
    ],
)  # fmt: skip
def test_differences_fail(original, said, rows):
    """Whatever is beyond tolerance fails, with output, rows and size in one sentence."""
    certificate = verdict(original)
    failure = certificate.failure()
    assert (certificate.passed, certificate.summary.passed) == (False, False)
    assert isinstance(failure, CertificationError)
    assert re.search(said, str(failure))
    assert failure.output == "y"
    assert failure.rows == rows
    assert "'y'" in str(failure)
    assert read_certificate(certificate.to_bytes()) == certificate


@pytest.mark.parametrize(
    ("original", "figures"),
    [
        pytest.param(moved(0.5, row=7), {"max_abs_diff": pytest.approx(0.5, rel=1e-6),
                                         "rows_beyond": 1}, id="one-row"),
        pytest.param(moved(np.nan, row=7), {"nan_equal": False, "rows_beyond": 1,
                                            "max_abs_diff": 0}, id="nan"),
        pytest.param(moved(-np.inf, row=7), {"inf_equal": False, "nan_equal": True,
                                             "rows_beyond": 1}, id="infinity"),
        pytest.param(lambda part: {"y": part[:, :2]}, {"shape_equal": False, "kind_equal": True,
                                                       "rows_beyond": 300}, id="shape"),
        pytest.param(lambda part: {"y": (part + 2).astype(np.int64)}, {"kind_equal": False,
                     "shape_equal": True, "max_abs_diff": pytest.approx(2, abs=0.1)}, id="kind"),
    ],
)  # fmt: skip
def test_failures_are_measured(original, figures):
    """A failed certificate holds the figures as they were measured."""
    (check,) = verdict(original).outputs
    assert {name: getattr(check, name) for name in figures} == figures
    assert not check.passed


def test_every_output_is_measured():
    """Outputs after the first that fails are measured like it, and the first is the one told."""
    certificate = labelled(
        lambda part: {"label": 1 + part.argmax(axis=1), "scores": part + np.float32(0.25)}
    )
    label, scores = certificate.outputs
    assert (label.label_agreement, label.hard_flips + label.ties) == (0, 300)
    assert (scores.max_abs_diff, scores.rows_beyond) == (pytest.approx(0.25, rel=1e-3), 300)
    assert certificate.failure().output == "label"


def test_small_batches_are_compared():
    """A model that is right in large batches only fails."""
    certificate = verdict(lambda part: {"y": part + (len(part) == 1)})
    ones, twos = certificate.batches
    assert [check.passed for check in (*certificate.outputs, *ones.outputs, *twos.outputs)] == [
        True, False, True,
    ]  # fmt: skip
    assert not certificate.passed
    assert "in 8 of 8 rows" in str(certificate.failure())


def labelled(original):
    """The verdict on a classifier."""
    return verdict(
        original,
        model=CLASSIFIER,
        label_outputs=frozenset({"label"}),
        rankings={"label": "scores"},
    )


def flipped(row, scores):
    """An original that gives another label in one row, with its own scores there."""

    def original(part):
        here = (part == ROWS[row]).all(axis=1)
        answered = np.where(here[:, None], np.float32(scores), part)
        return {"label": np.where(here, 2, part.argmax(axis=1)), "scores": answered}

    return original


def test_ties_are_told_from_errors():
    """Another label passes where the original's best scores are as good as equal."""
    row = int((ROWS.argmax(axis=1) == 0).nonzero()[0][0])
    scores = ROWS[row].copy()
    scores[2] = scores[0] * (1 + 2e-5)
    near = ROWS.copy()
    near[row, 2] = near[row, 0] * (1 - 2e-5)

    def original(part):
        here = (part == near[row]).all(axis=1)
        answered = np.where(here[:, None], scores, part)
        return {"label": answered.argmax(axis=1), "scores": answered}

    certificate = verdict(
        original,
        near,
        CLASSIFIER,
        label_outputs=frozenset({"label"}),
        rankings={"label": "scores"},
    )
    label = certificate.outputs[0]
    assert (label.ties, label.hard_flips) == (1, 0)
    assert certificate.summary.label_agreement == pytest.approx(299 / 300)


def test_hard_flips_fail():
    """Another label fails where the scores leave no doubt."""
    row = int((ROWS.argmax(axis=1) == 0).nonzero()[0][0])
    certificate = labelled(flipped(row, ROWS[row]))
    label, scores = certificate.outputs
    assert (label.hard_flips, label.ties, label.wrong_rows) == (1, 0, (row,))
    assert scores.passed
    failure = certificate.failure()
    assert re.search(rf"another label .* \(row {row}\)", str(failure))
    assert (failure.output, failure.difference) == ("label", 1)


def test_every_label_of_several_inverted_fails():
    """Of a matrix of labels each column is decided by a score of its own, and none is a tie."""
    nodes = [
        helper.make_node("Less", ["x", "half"], ["below"]),
        helper.make_node("Cast", ["below"], ["label"], to=TensorProto.INT64),
        helper.make_node("Identity", ["x"], ["scores"]),
    ]
    inverted = graph_of(
        nodes,
        [("label", TensorProto.INT64, ["rows", 3]), ("scores", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])],
    )
    certificate = verdict(
        lambda part: {"label": (part >= 0.5).astype(np.int64), "scores": part},
        model=inverted,
        label_outputs=frozenset({"label"}),
        rankings={"label": "scores"},
        labels={"scores": (0, 1, 2)},
    )
    assert not certificate.passed
    assert (certificate.outputs[0].ties, certificate.outputs[0].hard_flips) == (0, 300)


def test_rows_the_original_refuses_are_named():
    """A sample that the original can't take is the sample's fault."""

    def refuses(_part):
        raise ValueError("no\nNaN please")

    with pytest.raises(SampleError, match="rows 0 to 255 of the sample: no NaN please"):
        verdict(refuses)


def test_one_row_of_large_scores_excuses_no_label():
    """How far scores are off is asked row by row: large ones elsewhere make no ties."""
    rows = ROWS * np.float32(10)
    rows[0] = [1e6, 0, 0]

    def original(part):
        scores = part.astype(np.float64)
        scores[part[:, 0] == np.float32(1e6)] += [60, 0, 0]
        wrong = part[:, 0] < np.float32(1)
        return {"label": np.where(wrong, 2 - part.argmax(1), part.argmax(1)), "scores": scores}

    certificate = verdict(
        original, rows, CLASSIFIER, label_outputs=frozenset({"label"}),
        rankings={"label": "scores"},
    )  # fmt: skip
    label, scores = certificate.outputs
    assert scores.passed
    assert (label.ties, label.hard_flips) == (0, label.hard_flips)
    assert label.hard_flips > 10


def test_a_tie_is_between_the_classes_that_tie():
    """Two classes that are even excuse no answer that is a third."""
    rows = np.array([[0.45, 0.45, 0.1], [0.1, 0.2, 0.7]], dtype=np.float32)
    answer = {"label": np.array([2, 2]), "scores": rows + np.array([1e-6, 0, 0])}
    certificate = verdict(
        lambda part: {name: values[: len(part)] for name, values in answer.items()},
        rows, CLASSIFIER, label_outputs=frozenset({"label"}), rankings={"label": "scores"},
    )  # fmt: skip
    assert (certificate.outputs[0].ties, certificate.outputs[0].hard_flips) == (0, 1)


def test_named_classes_can_tie():
    """The scores of labels are found by the classes' names, in their order."""
    names = np.array(["c", "b", "a"], dtype=object)
    gather = [
        helper.make_node("ArgMax", ["x"], ["place"], axis=1, keepdims=0),
        helper.make_node("Gather", ["names", "place"], ["label"]),
        helper.make_node("Identity", ["x"], ["scores"]),
    ]
    outputs = [("label", TensorProto.STRING, ["rows"]), ("scores", TensorProto.FLOAT, ["rows", 3])]
    words = helper.make_tensor("names", TensorProto.STRING, [3], [n.encode() for n in names])
    rows = np.array([[0.4, 0.4 + 1e-6, 0.2], [0.2, 0.2, 0.6]], dtype=np.float32)
    own = rows + np.array([2e-6, 0, 0])
    certificate = verdict(
        lambda part: {"label": names[own.argmax(1)][: len(part)], "scores": own[: len(part)]},
        rows, graph_of(gather, outputs, [words]), label_outputs=frozenset({"label"}),
        labels={"label": ("c", "b", "a")}, rankings={"label": "scores"},
    )  # fmt: skip
    assert (certificate.outputs[0].ties, certificate.outputs[0].hard_flips) == (1, 0)


def cast(kind):
    """A graph that gives its rows, cut to whole numbers, as another type."""
    nodes = [
        helper.make_node("Floor", ["x"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["y"], to=kind),
    ]
    return graph_of(nodes, [("y", kind, ["rows", 3])])


@pytest.mark.parametrize(
    ("original", "model", "said"),
    [
        pytest.param(lambda part: {"y": part >= 0}, cast(TensorProto.BOOL),
                     "equals the original in 0.00% of the rows", id="booleans"),
        pytest.param(lambda part: {"y": part.astype(str).astype(object)}, cast(TensorProto.STRING),
                     "equals the original in 0.00% of the rows", id="text"),
        pytest.param(lambda part: {"y": np.int64(part) + 1}, cast(TensorProto.INT64),
                     "equals the original in 0.00% of the rows", id="whole-numbers"),
        pytest.param(lambda part: {"y": np.full_like(part, 900)}, IDENTITY,
                     "equals the original in 0.00% of the rows", id="constant"),
        pytest.param(lambda part: {"y": part * [1e6, 1, 1] + [0, 0.5, 0]}, graph_of(
            [helper.make_node("Mul", ["x", "by"], ["y"])], [("y", TensorProto.FLOAT, ["rows", 3])],
            [helper.make_tensor("by", TensorProto.FLOAT, [3], [1e6, 1, 1])]),
            "% of the original's variance", id="one-column-of-several"),
        pytest.param(lambda part: {"y": np.where(part > 0.99, np.nan, part)}, IDENTITY,
                     "is NaN or infinite", id="nan"),
    ],
)  # fmt: skip
def test_lossy_models_are_judged_on_every_kind(original, model, said):
    """What may lose something still answers like the original, whatever its outputs hold."""
    certificate = verdict(original, model=model, tolerance=LOSSY)
    assert said in str(certificate.failure())


def centred():
    """A graph that takes the mean of the request's rows away, as no model should."""
    nodes = [
        helper.make_node("ReduceMean", ["x", "axis"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["y"]),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [0])
    return graph_of(nodes, [("y", TensorProto.FLOAT, ["rows", 3])], [axis])


@pytest.mark.parametrize("tolerance", [EXACT, LOSSY], ids=["exact", "lossy"])
def test_rows_may_not_depend_on_each_other(tolerance):
    """A model whose answers depend on the other rows of a request fails, lossy or not."""
    certificate = verdict(
        lambda part: {"y": part - ROWS.mean(0)}, model=centred(), tolerance=tolerance
    )
    assert not all(check.passed for batch in certificate.batches for check in batch.outputs)
    assert not certificate.passed


def test_a_single_row_is_also_asked_twice_over():
    """A sample of one row proves that a request may have two."""
    certificate = verdict(lambda part: {"y": part}, ROWS[:1])
    assert [batch.size for batch in certificate.batches] == [1, 2]
    assert certificate.passed
    nodes = [helper.make_node("Reshape", ["x", "to"], ["y"])]
    single = graph_of(
        nodes, [("y", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor("to", TensorProto.INT64, [2], [1, -1])],
    )  # fmt: skip
    failed = verdict(lambda part: {"y": part}, ROWS[:1], single)
    assert "shape [1, 6]" in str(failed.failure())
