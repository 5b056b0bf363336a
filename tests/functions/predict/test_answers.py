import json
import sys
import threading

import numpy as np
import pytest

from coldpress_runtime.session import ModelSession

MODEL = "/v2/models/breast-cancer"
BOTH = ["label", "probabilities"]

# Status, and what the answer holds.
SAMPLES = {
    "alb-invocations": (200, {}),
    "direct-infer": (200, {"outputs": ["probabilities"]}),
    "http-infer": (200, {"id": "sample-1", "outputs": BOTH}),
    "http-infer-base64": (200, {"outputs": ["probabilities"]}),
    "http-infer-binary": (200, {"id": "sample-1", "outputs": BOTH}),
    "http-infer-wrong-shape": (400, {}),
    "http-live": (200, {"live": True}),
    "http-model": (200, {"name": "breast-cancer", "outputs": BOTH}),
    "http-tensorflow-predict": (200, {}),
    "http-stage-ready": (200, {"live": True, "ready": True}),
    "rest-infer": (200, {"id": "sample-1", "outputs": BOTH}),
    "rest-model": (200, {"name": "breast-cancer", "outputs": BOTH}),
    "rest-model-ready": (200, {"name": "breast-cancer", "ready": True}),
}


@pytest.fixture
def impatient_threads():
    """Lets the interpreter switch between threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def _names(document):
    return [output["name"] for output in document["outputs"]]


def test_every_sample_event_has_an_expected_answer(root):
    """No file of events/ is without a line in the table of answers, but those of queues."""
    names = {path.stem for path in (root / "events").glob("*.json")}
    assert {name for name in names if not name.startswith("sqs-")} == SAMPLES.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_is_answered(ask, sample_event, name):
    """Each file of events/ is answered as the docs say."""
    expected_status, expected = SAMPLES[name]
    status, document = ask(sample_event(name))
    assert status == expected_status
    assert ("error" in document) is (status >= 400)
    for key, value in expected.items():
        assert (_names(document) if key == "outputs" else document[key]) == value


def test_an_answer_is_the_models(ask, infer, classifier):
    """The outputs are those that the session gives for the rows sent."""
    rows = np.linspace(-300, 300, 90).reshape(3, 30)
    _, document = ask(infer(shape=[3, 30], data=rows.tolist()))
    expected = ModelSession(classifier).run({"input": rows})
    label, probabilities = document["outputs"]
    assert label["data"] == expected["label"].tolist()
    assert probabilities["shape"] == [3, 2]
    found = np.array(probabilities["data"], dtype=np.float32).reshape(3, 2)
    assert found.tobytes() == expected["probabilities"].tobytes()


def test_flat_and_nested_rows_are_the_same(ask, infer):
    """Flat data and nested data get the same answer."""
    flat = ask(infer())
    assert flat[0] == 200
    assert flat == ask(infer(data=[[1.5] * 30]))


def test_a_direct_invocation_gets_what_an_api_gets(ask, infer):
    """The same request gets the same document, whichever way it comes."""
    event = infer()
    assert ask(json.loads(event["body"])) == ask(event)


def test_a_version_can_be_named(ask, http, infer):
    """A path with the version that is served is answered; the answer names it."""
    _, metadata = ask(http("GET", MODEL))
    (version,) = metadata["versions"]
    path = f"{MODEL}/versions/{version}/infer"
    status, document = ask({**infer(), "rawPath": path})
    assert status == 200
    assert document["model_version"] == version


def test_the_server_names_itself(ask, http):
    """The protocol's root tells server and extensions."""
    status, document = ask(http("GET", "/v2"))
    assert status == 200
    assert document["name"] == "coldpress"
    assert "binary_tensor_data" in document["extensions"]


def test_a_missing_context_is_no_fault(predict, infer, read):
    """Without Lambda's context, as in a test of one's own, the handler answers."""
    assert read(predict.handler(infer(), None))[0] == 200


@pytest.mark.usefixtures("impatient_threads")
def test_many_threads_are_answered(ask, infer, capsys):
    """Requests at the same time are each answered, and each logged on lines of its own."""
    statuses = []

    def repeat():
        statuses.extend(ask(infer())[0] for _ in range(25))

    threads = [threading.Thread(target=repeat) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum("level" in line for line in lines) == 200
    assert sum(line.get("Status2xx", 0) for line in lines) == 200
