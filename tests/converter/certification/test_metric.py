"""The task's metric, where the truth is known."""

import dataclasses

import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress.certification import EXACT, certify, read_certificate
from coldpress.errors import SampleError
from coldpress.exporters import Reference, Rows
from coldpress_runtime.session import ModelSession

SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], dtype=np.float32)
VALUES = np.array([[1.0], [2.0], [3.0], [4.0]], dtype=np.float32)


def session_of(width, *, labelled):
    """A session that gives its scores, and the place of the largest as a label before them."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", width]) for n in "xy")
    label = helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"])
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    nodes += [helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)] if labelled else []
    graph = helper.make_graph(nodes, "graph", [x], [y, label] if labelled else [y])
    opsets = [helper.make_opsetid("", 21)]
    return ModelSession(
        helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    )


def metric_of(scores, truth, *, labelled=False, answers=None, **more):
    """The certificate's metric for scores as the sample, and what the original answers to it."""
    given = scores if answers is None else answers
    both = {"y": given, "label": given.argmax(1)}
    names = ["y", "label"] if labelled else ["y"]
    rows = Rows(
        name="sample", tensors={"x": scores}, original=lambda p: {n: both[n][p] for n in names}
    )
    labels = frozenset({"label"} if labelled else ())
    reference = Reference(
        rows=rows, described="a table", truth=np.array(truth), label_outputs=labels, **more
    )
    return certify(reference, session_of(scores.shape[1], labelled=labelled), packages=())


@pytest.mark.parametrize("labelled", [True, False], ids=["label", "scores"])
@pytest.mark.parametrize(
    "truth",
    [
        pytest.param([0, 1, 0, 0], id="numbers"),
        pytest.param([0.0, 1.0, 0.0, 0.0], id="floats"),
        pytest.param([False, True, False, False], id="booleans"),
        pytest.param(["0", "1", "0", "0"], id="texts"),
    ],
)
def test_accuracy(truth, labelled):
    """Accuracy and confusion are counted for labels and for the largest score, however written."""
    found = metric_of(SCORES, truth, labelled=labelled)
    metric = found.metric
    assert (metric.name, metric.original, metric.export, metric.drop) == ("accuracy", 0.75, 0.75, 0)
    assert metric.classes == ("0", "1")
    assert metric.confusion_original == metric.confusion_export == (2, 1, 0, 1)
    assert read_certificate(found.to_bytes()) == found


def test_named_classes():
    """Scores whose classes have names are read as those names."""
    metric = metric_of(SCORES, ["no", "yes", "no", "no"], labels={"y": ("no", "yes")}).metric
    assert (metric.name, metric.export, metric.classes) == ("accuracy", 0.75, ("no", "yes"))


def test_one_probability():
    """A single probability is a class from a half on."""
    scores = SCORES[:, 1:]
    assert metric_of(scores, [0, 1, 0, 0]).metric.export == 0.75


def test_determination():
    """A regressor is measured by R²."""
    metric = metric_of(VALUES, [1.0, 2.0, 3.0, 5.0]).metric
    assert metric.name == "r2"
    assert metric.export == pytest.approx(1 - 1 / 8.75)


def test_a_drop_fails():
    """An export that does its task worse than allowed fails, and says by how much."""
    right = SCORES[[0, 1, 2, 0]]
    found = metric_of(SCORES, [0, 1, 0, 0], answers=right)
    outputs = tuple(dataclasses.replace(check, problem="") for check in found.outputs)
    batches = tuple(dataclasses.replace(batch, outputs=()) for batch in found.batches)
    failure = dataclasses.replace(found, outputs=outputs, batches=batches).failure()
    assert found.metric.drop == 0.25
    assert "accuracy is 0.7500 instead of 1.0000, 0.2500 less where 0.01" in str(failure)
    assert EXACT.max_metric_drop == 0.01


def test_a_drop_alone_fails_the_certificate():
    """Answers that are within tolerance fail where they do the task worse."""
    scores = np.array([[0.5, 0.5 + 2e-6], [0.2, 0.8]], dtype=np.float32)
    found = metric_of(scores, [0, 1], answers=scores[:, ::-1][[0, 0]] * [[1, 1], [0.4, 1.6]])
    assert all(check.passed for check in found.outputs)
    assert found.metric.drop == 0.5
    assert not found.passed


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(SCORES[:, :1], id="shape"),
        pytest.param(np.full_like(SCORES, np.nan), id="nan"),
    ],
)
def test_a_wrong_export_is_no_fault_of_the_labels(answers):
    """An export that answers in another shape, or with NaN, fails by that; the labels do fit."""
    both = {"y": SCORES}
    rows = Rows(name="sample", tensors={"x": answers}, original=lambda part: {"y": both["y"][part]})
    reference = Reference(rows=rows, described="a table", truth=np.array([0, 1, 0, 0]))
    found = certify(reference, session_of(answers.shape[1], labelled=False), packages=())
    assert not found.outputs[0].passed


def test_labels_of_no_class_are_refused():
    """Labels none of which is a class that the model knows are misuse, not an accuracy of 0."""
    with pytest.raises(SampleError, match="they are 2, 3, and the model answers 0, 1"):
        metric_of(SCORES, [2, 3, 2, 2], labelled=True)


@pytest.mark.parametrize(
    ("scores", "truth"),
    [
        pytest.param(SCORES, ["cat", "dog", "cat", "cat"], id="unknown-classes"),
        pytest.param(VALUES, ["a", "b", "c", "d"], id="words-for-a-regressor"),
    ],
)
def test_labels_that_fit_nothing_are_refused(scores, truth):
    """Labels that no output can be held against are misuse, not a metric of 0."""
    with pytest.raises(SampleError, match="the labels fit no output"):
        metric_of(scores, truth)
