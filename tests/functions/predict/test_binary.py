import base64
import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldpress_runtime.session import ModelSession

INFER = "/v2/models/breast-cancer/infer"
HEADER = "Inference-Header-Content-Length"
ROWS = np.linspace(-300, 300, 60).reshape(2, 30)

FUZZED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_anything = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([])


def _mostly(good, other):
    """The good value three times out of four, or else another one."""
    return st.integers(0, 3).flatmap(lambda at: st.just(good) if at else other)


_tensors = st.fixed_dictionaries(
    {
        "name": _mostly("input", _anything),
        "datatype": _mostly("FP64", st.sampled_from(["BYTES", "BOOL", "FP32"])),
        "shape": _mostly([1, 30], st.lists(st.integers(-1, 60), max_size=3)),
        "parameters": _mostly(
            {"binary_data_size": 240},
            _anything | st.fixed_dictionaries({"binary_data_size": _anything}),
        ),
    }
)
_outputs = st.fixed_dictionaries(
    {"name": st.sampled_from(["label", "probabilities"])},
    optional={
        "parameters": st.fixed_dictionaries(
            {},
            optional={
                "binary_data": _mostly(good=True, other=_anything),
                "classification": _mostly(1, _anything),
            },
        )
    },
)
_documents = st.fixed_dictionaries(
    {"inputs": st.tuples(_tensors)},
    optional={
        "outputs": st.lists(_outputs, max_size=2),
        "parameters": st.fixed_dictionaries(
            {"binary_data_output": _mostly(good=True, other=_anything)}
        ),
    },
)

# How each front's event names method and path.
FRONTS = {
    "HTTP API": {
        "version": "2.0",
        "rawPath": INFER,
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
    },
    "REST API": {"httpMethod": "POST", "path": INFER, "requestContext": {"stage": "prod"}},
    "load balancer": {"httpMethod": "POST", "path": INFER, "requestContext": {"elb": {}}},
}


def _request(**parameters):
    """A body with the rows as bytes, and the length of its JSON."""
    raw = ROWS.tobytes()
    tensor = {"name": "input", "datatype": "FP64", "shape": [2, 30]}
    inputs = [{**tensor, "parameters": {"binary_data_size": len(raw)}}]
    head = json.dumps({"inputs": inputs, "parameters": parameters}).encode()
    return head + raw, len(head)


def _event(front, body, length, **headers):
    return {
        **FRONTS[front],
        "headers": {HEADER: str(length), **headers},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@pytest.mark.parametrize("front", FRONTS)
def test_bytes_go_through_every_front(predict, classifier, front):
    """Tensors as bytes reach the model, and its outputs the caller, bit for bit."""
    answer = predict.handler(_event(front, *_request(binary_data_output=True)), None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert answer["headers"]["content-type"] == "application/octet-stream"
    body = base64.b64decode(answer["body"])
    expected = ModelSession(classifier).run({"input": ROWS})
    raw = expected["label"].tobytes() + expected["probabilities"].tobytes()
    assert body[int(answer["headers"][HEADER.lower()]) :] == raw


def test_the_length_is_that_of_the_json_before_it_was_compressed(predict, read):
    """A compressed body is opened before the header's length counts."""
    body, length = _request()
    event = _event("HTTP API", gzip.compress(body), length, **{"content-encoding": "gzip"})
    status, document = read(predict.handler(event, None))
    assert status == 200
    assert document["outputs"][1]["shape"] == [2, 2]


def test_an_error_is_json_though_bytes_were_asked_for(predict, read):
    """A request for bytes that can't be answered is refused in JSON."""
    body, length = _request(binary_data_output=True)
    status, document = read(predict.handler(_event("HTTP API", body[:-1], length), None))
    assert status == 400
    assert "479 bytes are left" in document["error"]


def test_bytes_are_counted_as_they_are_sent(load_predict, uri, read):
    """The limit of answers counts the base64 that an answer in bytes becomes."""
    event = _event("HTTP API", *_request(binary_data_output=True))
    sent = len(load_predict(MODEL_URI=uri).handler(event, None)["body"])
    predict = load_predict(COLDPRESS_MAX_RESPONSE_BYTES=str(sent))
    assert predict.handler(event, None)["statusCode"] == 200
    predict = load_predict(COLDPRESS_MAX_RESPONSE_BYTES=str(sent - 1))
    assert read(predict.handler(event, None))[0] == 413


def test_too_many_values_are_refused(load_predict, uri, read):
    """A request with more values than the setting allows is a 413 that names the limit."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_MAX_ELEMENTS="59")
    status, document = read(predict.handler(_event("HTTP API", *_request()), None))
    assert status == 413
    assert "more than 59 values" in document["error"]


@FUZZED
@given(
    document=_documents,
    raw=_mostly(bytes(240), st.binary(max_size=300)),
    off=_mostly(0, st.integers(-3, 3)),
)
def test_no_bytes_make_the_handler_fail(predict, read, document, raw, off):
    """Whatever a request says of its bytes, and whatever they are, it is answered or refused."""
    head = json.dumps(document).encode()
    answer = predict.handler(_event("HTTP API", head + raw, len(head) + off), None)
    status, content = read(answer)
    assert status in (200, 400)
    assert ("error" in content) is (status == 400)


@FUZZED
@given(body=st.binary(max_size=64), length=st.text(max_size=4) | st.integers().map(str))
def test_no_length_makes_the_handler_fail(predict, read, body, length):
    """Whatever the header says, bytes that are no request are a 400."""
    assert read(predict.handler(_event("HTTP API", body, length), None))[0] == 400
