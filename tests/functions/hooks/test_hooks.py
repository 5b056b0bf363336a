"""The pre-traffic hook: a version that answers as its model did passes, and no other."""

import json
import re

import pytest

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
GOLDEN = {
    "schema_version": 1,
    "examples": [
        {
            "request": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [x]}]},
            "response": {
                "outputs": [{"name": "y", "datatype": "FP32", "shape": [1], "data": [2 * x]}]
            },
        }
        for x in (1.0, -3.5)
    ],
}


@pytest.fixture
def doubler(store_model, multiplier, local_root):
    """A model that doubles, with golden examples that say so."""
    golden = json.dumps(GOLDEN).encode()
    return store_model(local_root, model=multiplier(2.0), golden=golden, name="line").put()


@pytest.fixture
def serve(endpoint, load_predict, context):
    """Has the endpoint's version be the real handler with a model."""

    def run(uri):
        handler = load_predict(MODEL_URI=uri).handler
        endpoint.version = lambda event: handler(event, context())

    return run


@pytest.fixture
def judge(endpoint, load_hook, context):
    """Runs the hook; gives CodeDeploy's verdict and the reason."""

    def run(uri, milliseconds=30_000, **environment):
        found = load_hook(MODEL_URI=uri, **environment)(EVENT, context(milliseconds=milliseconds))
        (verdict,) = endpoint.verdicts
        assert verdict == {
            "deploymentId": "d-1",
            "lifecycleEventHookExecutionId": "hook-1",
            "status": found["status"],
        }
        return found["status"], found["reason"]

    return run


def test_a_version_that_answers_like_the_original_passes(doubler, serve, judge, endpoint):
    """Each golden example is asked of the new version, by its own name, and CodeDeploy is told."""
    serve(doubler.pinned)
    assert judge(doubler.pinned) == ("Succeeded", "")
    assert [function for function, _ in endpoint.invoked] == ["predict%3A7"] * 2
    assert [event["inputs"][0]["data"] for _, event in endpoint.invoked] == [[1.0], [-3.5]]


def test_a_version_that_answers_otherwise_fails(
    doubler, serve, judge, store_model, multiplier, tmp_path, capsys
):
    """Another model's numbers are told from the original's, and the log has it."""
    other = store_model(tmp_path.as_uri(), model=multiplier(2.5), name="line").put()
    serve(other.pinned)
    status, reason = judge(doubler.pinned)
    assert status == "Failed"
    assert reason == "'y' is too far from what the original gave to golden example 1 of 2"
    assert "the new version gets no traffic" in capsys.readouterr().out


def _raise(_event):
    raise RuntimeError("no module named numpy")


ANSWERS = {
    "an error": (lambda _: {"error": "the model is not available", "status": 503}, "not available"),
    "an error of the function": (_raise, "it ends with an error.*no module named numpy"),
    "another output": (lambda _: {"outputs": []}, "'y' has shape"),
    "nothing of use": (lambda _: {}, "no prediction"),
}


@pytest.mark.parametrize(("version", "said"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_version_that_does_not_answer_fails(doubler, judge, endpoint, version, said):
    """Errors are no answers, whoever makes them."""
    endpoint.version = version
    status, reason = judge(doubler.pinned)
    assert status == "Failed"
    assert re.search(said, reason)


def test_a_version_that_takes_too_long_fails_in_time(doubler, judge, endpoint):
    """CodeDeploy hears a verdict before the hook's own time is over."""
    endpoint.gate.clear()
    status, reason = judge(doubler.pinned, milliseconds=6_200)
    assert status == "Failed"
    assert "timed out" in reason.lower() or "timeout" in reason.lower()


def test_without_time_nothing_is_asked(doubler, judge, endpoint):
    """What could not be asked did not pass."""
    assert judge(doubler.pinned, milliseconds=4_000)[0] == "Failed"
    assert endpoint.invoked == []


def test_a_model_that_is_not_there_fails(doubler, judge):
    """Without the bundle there is nothing to be held against."""
    doubler.remove(doubler.uri.manifest_path)
    status, reason = judge(doubler.pinned)
    assert (status, "not in the store" in reason) == ("Failed", True)


def test_wrong_settings_fail(judge):
    """A URI that is none is told as it is."""
    status, reason = judge("nowhere")
    assert (status, "is no model URI" in reason) == ("Failed", True)


@pytest.mark.parametrize(("ready", "verdict"), [(True, "Succeeded"), (False, "Failed")])
def test_a_bundle_without_examples_is_asked_whether_it_is_there(
    store_model, local_root, serve, judge, ready, verdict
):
    """Then it is enough that the version has its model."""
    plain = store_model(local_root).put()
    serve(plain.pinned if ready else f"{plain.root}/nowhere/{plain.uri.name}@live")
    assert judge(plain.pinned)[0] == verdict
