"""Channels that move while the function answers, through the handler."""

import json
import threading

import pytest

from tests.functions.scripted import held


@pytest.fixture
def version(store_model, multiplier):
    """Makes a version of a model that multiplies by a factor, for the scripted store."""
    return lambda factor: store_model("s3://bucket/models", model=multiplier(factor), name="churn")


@pytest.fixture
def first(version, scripted_s3):
    """The version that the channel points to at first."""
    made = version(1)
    scripted_s3.lay(made)
    return made


@pytest.fixture
def predict(load_predict, first):
    """The handler's module, whose channel is old after a second."""
    return load_predict(MODEL_URI=first.live, COLDPRESS_CHANNEL_SECONDS="1")


@pytest.fixture
def asked(predict, context):
    """Asks the model for the number 1; gives the answer."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1.0]}
    return lambda: predict.handler({"inputs": [tensor]}, context())


def _told(answer):
    return answer["model_version"], answer["outputs"][0]["data"][0]


def test_a_moved_channel_is_swapped_beside_the_requests(
    asked, scripted_s3, first, version, until, capsys
):
    """While threads ask, a new version comes in; each answer is all of one version."""
    second = version(2)
    scripted_s3.lay(second)
    found, done = set(), threading.Event()

    def ask():
        while not done.is_set():
            found.add(_told(asked()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: _told(asked())[1] == 2)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert found <= {(first.uri.digest, 1), (second.uri.digest, 2)}
    assert _told(asked()) == (second.uri.digest, 2)
    assert scripted_s3.count(second.blob_path) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    swaps = [line for line in lines if line["message"] == "model swapped"]
    assert [(x["previous_version"], x["model_version"]) for x in swaps] == [
        (first.uri.digest, second.uri.digest)
    ]


def test_a_version_that_fails_changes_nothing(asked, scripted_s3, first, version, until, capsys):
    """A new version whose bytes are altered is logged and never answers; a sound one then does."""
    second, third = version(2), version(3)
    scripted_s3.lay(second)
    scripted_s3.script(second, second.blob_path, second.stored[:-1] + b"?")
    until(lambda: _told(asked()) == (first.uri.digest, 1) and scripted_s3.count(second.blob_path))
    scripted_s3.lay(third)
    until(lambda: _told(asked())[1] == 3)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [x["error_code"] for x in lines if x["level"] == "ERROR"] == ["swap_integrity"]
    assert {x["status"] for x in lines if x["message"] == "request"} == {200}
    assert second.uri.digest not in {x.get("model_version") for x in lines}


def test_nobody_waits_for_a_new_version(asked, scripted_s3, first, version, until):
    """While the store keeps a new version back, requests are answered by the one before."""
    second, go_on = version(2), threading.Event()
    scripted_s3.lay(second)
    scripted_s3.script(second, second.blob_path, held(second.stored, go_on))
    until(lambda: asked() and scripted_s3.count(second.blob_path))
    assert {_told(asked()) for _ in range(20)} == {(first.uri.digest, 1)}
    go_on.set()
    until(lambda: _told(asked())[1] == 2)


def test_a_version_in_the_path_is_the_one_that_is_served(
    predict, asked, scripted_s3, first, version, until, http
):
    """After a swap the new version's digest is served, and the old one's no more."""
    second = version(2)
    path = "/v2/models/churn/versions/{}/ready"
    served = [path.format(made.uri.digest) for made in (first, second)]
    assert [predict.handler(http("GET", p), None)["statusCode"] for p in served] == [200, 404]
    scripted_s3.lay(second)
    until(lambda: _told(asked())[1] == 2)
    assert [predict.handler(http("GET", p), None)["statusCode"] for p in served] == [404, 200]
