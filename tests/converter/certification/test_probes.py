"""Probes: what binds, what is told, and what the original refuses."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress.certification import LOSSY, certify, read_certificate
from coldpress.exporters import Reference, Rows
from coldpress_runtime.session import ModelSession

ROWS = np.random.default_rng(0).random((20, 3)).astype(np.float32)


def session_of(operator):
    """A session whose `y` is made of `x`, three numbers in each row."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 3]) for n in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "graph", [x], [y])
    opsets = [helper.make_opsetid("", 21)]
    return ModelSession(
        helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    )


def rows_of(values, original, **more):
    """Rows whose original is a function of them."""
    return Rows(tensors={"x": values}, original=lambda part: {"y": original(values[part])}, **more)


def certificate_of(*probes, operator="Identity", original=lambda x: x, **more):
    """The certificate of a session on the sample and some probes."""
    sample = rows_of(ROWS, original, name="sample")
    reference = Reference(rows=sample, described="a function", probes=probes)
    return certify(reference, session_of(operator), packages=(), **more)


def test_probes_that_hold_pass():
    """Probes that answer alike are in the certificate, with every figure, and come back from it."""
    found = certificate_of(rows_of(ROWS + 1, lambda x: x, name="shifted"))
    (probe,) = found.probes
    assert (probe.name, probe.rows, probe.accepted, probe.passed) == ("shifted", 20, True, True)
    assert probe.outputs[0].max_abs_diff == 0
    assert found.passed
    assert read_certificate(found.to_bytes()) == found


@pytest.mark.parametrize("binding", [True, False], ids=["binding", "told"])
def test_differences_fail_only_where_they_bind(binding):
    """A difference on a binding probe fails the certificate by name; another is told in it."""
    probe = rows_of(-ROWS, lambda x: -x, name="negative", binding=binding)
    found = certificate_of(probe)
    assert found.probes[0].passed is False
    assert found.passed is not binding
    if binding:
        assert "on the negative probes, output 'y' differs" in str(found.failure())
        assert "; such a row has x [-" in str(found.failure())
    else:
        assert found.failure() is None


def test_what_the_original_refuses_is_left_out():
    """Rows that the original raises on are no input: nothing is compared, and that is told."""

    def refusing(_rows):
        raise ValueError("no such rows, please")

    found = certificate_of(rows_of(ROWS, refusing, name="odd"))
    assert found.passed
    assert (found.probes[0].accepted, found.probes[0].outputs) == (False, ())
    assert found.probes[0].problem == "no such rows, please"


def test_an_export_that_fails_on_accepted_rows_fails():
    """Where the original answers and the session raises, the certificate fails and says so."""
    probe = Rows(
        name="wide",
        tensors={"x": np.ones((4, 5), dtype=np.float32)},
        original=lambda part: {"y": np.ones((part.stop - part.start, 5), dtype=np.float32)},
    )
    found = certificate_of(probe)
    assert not found.passed
    assert "wide probes: the export can't answer them" in str(found.failure())


def test_probes_bind_nothing_for_lossy_models():
    """A lossy model is told its differences on probes, exactly, and judged on the sample."""
    probe = rows_of(-ROWS, lambda x: -x, name="negative")
    found = certificate_of(probe, tolerance=LOSSY)
    assert found.passed
    assert (found.probes[0].binding, found.probes[0].passed) == (False, False)
    assert found.summary.tolerance == "lossy"


@pytest.mark.parametrize(
    ("original", "said"),
    [
        pytest.param(lambda x: x + 0.01, None, id="a-little-off"),
        pytest.param(lambda x: 1 - x, "of the original's variance", id="turned-round"),
        pytest.param(lambda x: np.where(x > 0.9, np.nan, x), "NaN or infinite", id="nan"),
        pytest.param(lambda x: x[:, :2], "declared as", id="shape"),
    ],
)
def test_lossy_outputs_keep_their_variance(original, said):
    """With loss, numbers pass where nearly all of the original's variance is kept."""
    failure = certificate_of(original=original, tolerance=LOSSY).failure()
    assert failure is None if said is None else said in str(failure)
