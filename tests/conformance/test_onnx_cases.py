"""The ONNX project's own cases, through store, handler and Triton's client."""

from collections import Counter

import pytest

from tests.conformance.backend import cases, run


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of every case."""
    store = tmp_path_factory.mktemp("cases").as_uri()
    return [run(case, store) for case in cases()]


def test_nearly_all_of_the_onnx_projects_cases_pass(outcomes):
    """Of what onnxruntime can run and the protocol can carry, 98 % pass at least."""
    counts = Counter(outcome.kind for outcome in outcomes)
    assert counts["passed"] > 1_500
    assert counts["passed"] / (counts["passed"] + counts["failed"]) >= 0.98


def test_what_fails_fails_in_onnxruntime(outcomes):
    """Not one case is right in onnxruntime and wrong behind the function."""
    failed = [outcome for outcome in outcomes if outcome.kind == "failed"]
    assert [
        outcome for outcome in failed if not outcome.reason.startswith("onnxruntime alone")
    ] == []
