import json

import pytest

from coldpress.errors import StoreError, UsageError
from coldpress.local.invoke import invoke, read_event
from coldpress.registry import publish
from coldpress.stores import model_uri

REQUEST = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2]}]}


def test_invoke_direct(store_root, churn_bundle):
    """A direct invocation is answered by the published model, from any store."""
    uri = publish(churn_bundle, store_root).uri
    result = invoke(uri, REQUEST)
    assert result.status == 200
    assert result.response["outputs"][0]["data"] == [3.0, 4.0]
    assert result.response["model_version"] == uri.digest


def test_invoke_by_channel(store_root, churn_bundle):
    """An API's event is answered by the version that a channel points to."""
    state = publish(churn_bundle, store_root, channel="live").channel
    event = {
        "version": "2.0",
        "rawPath": "/v2/models/churn/infer",
        "requestContext": {"stage": "$default", "http": {"method": "POST"}},
        "body": json.dumps(REQUEST),
    }
    result = invoke(state.uri, event)
    assert result.status == 200
    assert result.response["headers"]["content-type"] == "application/json"
    assert json.loads(result.body)["outputs"][0]["data"] == [3.0, 4.0]


def test_invoke_logs_are_kept_apart(tmp_path, churn_bundle, capsys):
    """The function's log is in the result, for each call its own, and not on standard output."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    for _ in range(2):
        lines = invoke(uri, REQUEST).logs.splitlines()
        assert [json.loads(line)["message"] for line in lines] == ["request"]
    assert capsys.readouterr().out == ""


def test_invoke_without_model(tmp_path):
    """A model that isn't there is one sentence, before the function starts."""
    with pytest.raises(StoreError, match=r"churn/channels/live.json is not in the store"):
        invoke(model_uri(str(tmp_path / "churn@live")), REQUEST)


def test_invoke_of_an_altered_model(tmp_path, churn_bundle):
    """A model that can't be loaded is the function's 503, with the cause in the log."""
    published = publish(churn_bundle, str(tmp_path / "store"))
    blob = tmp_path / "store" / published.uri.blob_path("model.onnx")
    blob.write_bytes(b"altered")
    result = invoke(published.uri, REQUEST)
    assert result.status == 503
    assert '"error_code":"integrity"' in result.logs


def _queue(*bodies):
    records = [
        {"messageId": str(number), "eventSource": "aws:sqs", "body": body}
        for number, body in enumerate(bodies)
    ]
    return {"Records": records}


def test_invoke_with_the_messages_of_a_queue(tmp_path, churn_bundle):
    """Messages are answered by the queue's function, into the place that is named."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    place = tmp_path / "answers"
    result = invoke(uri, _queue(json.dumps(REQUEST)), results=place.as_uri())
    assert (result.status, result.response, result.fault) == (200, {"batchItemFailures": []}, "")
    (kept,) = place.rglob("*.json")
    assert json.loads(kept.read_bytes())["outputs"][0]["data"] == [3.0, 4.0]


def test_invoke_with_a_message_that_goes_back(tmp_path, churn_bundle):
    """What the queue gets back is a fault, with the reason."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    result = invoke(uri, _queue(json.dumps(REQUEST), "{"), results=tmp_path.as_uri())
    assert result.response == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert result.status == 503
    assert result.fault.startswith("the function gives 1 message back: the body is not JSON")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param(_queue("{}"), "name a place for their answers with --results", id="no place"),
        pytest.param({"Records": [{"eventSource": "aws:s3"}]}, "records rather than", id="S3"),
    ],
)
def test_invoke_with_records_that_have_no_answer(tmp_path, churn_bundle, event, message):
    """Messages without a place for answers, and records of other sources, are misuse."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    with pytest.raises(UsageError, match=message):
        invoke(uri, event)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"{", "is not JSON", id="not-json"),
        pytest.param(b"\xff", "is not JSON", id="not-text"),
        pytest.param(None, "can't read the event", id="missing"),
    ],
)
def test_read_event_refused(tmp_path, content, message):
    """A file that holds no event is refused by name."""
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_event(path)
