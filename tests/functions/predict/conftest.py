"""The handler with the classifier loaded, and the events to ask it with."""

import base64
import json

import pytest


@pytest.fixture(scope="session")
def uri(store_model, tmp_path_factory):
    """The classifier in a directory, by channel."""
    return store_model(tmp_path_factory.mktemp("store").as_uri()).put().live


@pytest.fixture
def predict(load_predict, uri):
    """The handler's module with the classifier loaded."""
    return load_predict(MODEL_URI=uri)


@pytest.fixture
def ask(predict, context, read):
    """Has the handler answer an event; gives status and the answer's document."""
    return lambda event: read(predict.handler(event, context()))


@pytest.fixture(scope="session")
def read():
    """Gives status and document of an answer, to an API or a direct caller; not what follows it."""

    def parts(answer):
        if "statusCode" not in answer:
            return answer.get("status", 200), answer
        if length := answer["headers"].get("inference-header-content-length"):
            assert answer["headers"]["content-type"] == "application/octet-stream"
            assert answer["isBase64Encoded"] is True
            return answer["statusCode"], json.loads(base64.b64decode(answer["body"])[: int(length)])
        assert answer["headers"]["content-type"] == "application/json"
        assert answer["isBase64Encoded"] is False
        return answer["statusCode"], json.loads(answer["body"])

    return parts


@pytest.fixture(scope="session")
def http():
    """Makes an HTTP API's event; a body that is no text is written as JSON."""

    def event(method, path, body=None, **changes):
        return {
            "version": "2.0",
            "rawPath": path,
            "headers": {},
            "requestContext": {"http": {"method": method}, "stage": "$default"},
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
            **changes,
        }

    return event


@pytest.fixture(scope="session")
def infer(http):
    """Makes an event that asks the model, by default for one row with changes of its tensor."""

    def event(body=None, *, headers=None, encoded=False, **changes):
        row = {"name": "input", "datatype": "FP64", "shape": [1, 30], "data": [1.5] * 30}
        document = {"inputs": [{**row, **changes}]} if body is None else body
        path = "/v2/models/breast-cancer/infer"
        return http("POST", path, document, headers=headers or {}, isBase64Encoded=encoded)

    return event
