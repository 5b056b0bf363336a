import base64
import json

import orjson
import pytest

from coldpress_runtime.errors import RequestError
from coldpress_runtime.events import front_of, source_of
from coldpress_runtime.exchange import Request, Response, Source


def parse_event(event, base_path=""):
    """The request that an event brings."""
    return front_of(source_of(event)).parse(event, base_path)


def _http(**changes):
    event = {
        "version": "2.0",
        "rawPath": "/v2",
        "headers": {},
        "requestContext": {"http": {"method": "GET"}, "stage": "$default"},
        "isBase64Encoded": False,
    }
    return {**event, **changes}


def _rest(**changes):
    event = {
        "httpMethod": "GET",
        "path": "/v2",
        "headers": None,
        "multiValueHeaders": None,
        "requestContext": {"stage": "prod"},
        "body": None,
        "isBase64Encoded": False,
    }
    return {**event, **changes}


def _staged(path, stage):
    return _http(rawPath=path, requestContext={"http": {"method": "GET"}, "stage": stage})


def _deep(levels):
    nested = []
    for _ in range(levels):
        nested = [nested]
    return nested


SOURCES = {
    "http-infer": Source.HTTP_API,
    "http-live": Source.HTTP_API,
    "rest-infer": Source.REST_API,
    "direct-infer": Source.DIRECT,
}

MALFORMED = {
    "null": (None, "neither an API's nor an inference request"),
    "list": ([], "neither an API's nor an inference request"),
    "text": ("inputs", "neither an API's nor an inference request"),
    "number": (3, "neither an API's nor an inference request"),
    "empty": ({}, "neither an API's nor an inference request"),
    "context null": ({"requestContext": None, "httpMethod": "GET"}, "neither an API's"),
    "WebSocket": ({"requestContext": {"routeKey": "$connect"}}, "neither an API's"),
    "records of no kind": ({"Records": {}}, "neither an API's"),
    "no http context": (_http(requestContext={}), "no http context"),
    "http context a list": (_http(requestContext={"http": ["GET"]}), "no http context"),
    "no http method": (_http(requestContext={"http": {}}), "the event's method must be a string"),
    "http method null": (_http(requestContext={"http": {"method": None}}), "event's method"),
    "raw path null": (_http(rawPath=None), "the event's rawPath must be a string"),
    "raw path a list": (_http(rawPath=["/v2"]), "the event's rawPath must be a string"),
    "raw path half a pair": (_http(rawPath="/v2/\ud800"), "string of Unicode characters"),
    "REST method null": (_rest(httpMethod=None), "the event's httpMethod must be a string"),
    "REST method half a pair": (_rest(httpMethod="G\udfff"), "string of Unicode characters"),
    "path null": (_rest(path=None), "the event's path must be a string"),
    "path a number": (_rest(path=2), "the event's path must be a string"),
    "body an object": (_http(body={}), "body must be a string"),
    "body a number": (_rest(body=1), "body must be a string"),
    "base64 too short": (_http(body="YQ", isBase64Encoded=True), "not sound base64"),
    "base64 with a space": (_http(body="YW Jj", isBase64Encoded=True), "not sound base64"),
    "base64 for URLs": (_http(body="_-8=", isBase64Encoded=True), "not sound base64"),
    "base64 and more": (_rest(body="YWI=YWI=", isBase64Encoded=True), "not sound base64"),
    "base64 not ASCII": (_rest(body="é", isBase64Encoded=True), "not sound base64"),
    "direct with a huge number": ({"inputs": [2**70]}, "can't be read as JSON"),
    "direct with half a pair": ({"inputs": ["\ud800"]}, "can't be read as JSON"),
    "direct with a numeric key": ({"inputs": [], 1: 2}, "can't be read as JSON"),
    "direct and deep": ({"inputs": _deep(900)}, "can't be read as JSON"),
}


@pytest.mark.parametrize(("name", "source"), SOURCES.items(), ids=SOURCES.keys())
def test_a_source_is_told_by_its_marks(sample_event, name, source):
    """Each source's sample event is recognised."""
    assert source_of(sample_event(name)) is source


@pytest.mark.parametrize(("event", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_event_is_refused(event, message):
    """An event that no source sends is the request's error, in one line, and never another."""
    with pytest.raises(RequestError, match=message) as caught:
        parse_event(event)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "stage", "expected"),
    [
        ("/v2/health/live", "$default", "/v2/health/live"),
        ("/dev/v2/health/live", "dev", "/v2/health/live"),
        ("/dev", "dev", ""),
        ("/dev/", "dev", "/"),
        ("/developer/v2", "dev", "/developer/v2"),
        ("/v2/dev", "dev", "/v2/dev"),
        ("/dev/dev/v2", "dev", "/dev/v2"),
        ("/v2/v2", "v2", "/v2"),
        ("/$default/v2", "$default", "/$default/v2"),
        ("/v2", None, "/v2"),
    ],
    ids=str,
)
def test_the_stage_is_taken_off_an_http_apis_path(path, stage, expected):
    """A named stage leads the raw path of an HTTP API, and is taken off once."""
    assert parse_event(_staged(path, stage)).path == expected


def test_a_rest_apis_path_has_no_stage():
    """A REST API's path comes without its stage, and stays as it is."""
    assert parse_event(_rest(path="/prod/v2")).path == "/prod/v2"


@pytest.mark.parametrize(
    "event",
    [_http(requestContext={"http": {"method": "post"}}), _rest(httpMethod="post")],
    ids=["HTTP API", "REST API"],
)
def test_the_method_is_in_upper_case(event):
    """The method is in upper case, however it was sent."""
    assert parse_event(event).method == "POST"


@pytest.mark.parametrize(
    ("event", "headers"),
    [
        (_http(headers={"Content-Type": "a", "X-B": "c"}), {"content-type": "a", "x-b": "c"}),
        (_http(headers=None), {}),
        (_http(headers=["a"]), {}),
        (_http(headers={"a": 1, "b": None}), {"a": "1"}),
        (_rest(headers={"A": "b"}), {"a": "b"}),
        (_rest(multiValueHeaders={"A": ["b", "c"]}), {"a": "b,c"}),
        (_rest(headers={"a": "c"}, multiValueHeaders={"A": ["b", "c"]}), {"a": "c"}),
        (_rest(multiValueHeaders={"A": None, "B": 1, "C": [2]}), {"b": "1", "c": "2"}),
        (_rest(headers=["a"], multiValueHeaders="a"), {}),
    ],
    ids=[
        "names in lower case", "null", "a list", "values no strings", "REST", "only many-valued",
        "both", "many-valued and odd", "neither an object",
    ],
)  # fmt: skip
def test_headers_are_read(event, headers):
    """Names are in lower case, several values joined, and what is no header is passed over."""
    assert parse_event(event).headers == headers


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, b""),
        ({"body": None}, b""),
        ({"body": ""}, b""),
        ({"body": "é"}, "é".encode()),
        ({"body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True}, b"\x00\xff"),
        ({"body": "", "isBase64Encoded": True}, b""),
        ({"body": "YQ==", "isBase64Encoded": None}, b"YQ=="),
    ],
    ids=["absent", "null", "empty", "text", "base64", "empty base64", "no flag"],
)
@pytest.mark.parametrize("make", [_http, _rest], ids=["HTTP API", "REST API"])
def test_the_body_is_bytes(make, changes, body):
    """The body is UTF-8, or what its base64 stands for."""
    assert parse_event(make(**changes)).body == body


def test_a_direct_event_is_its_own_body(sample_event):
    """A direct invocation is a request to infer with the event as JSON."""
    event = sample_event("direct-infer")
    request = parse_event(event)
    assert (request.source, request.method, request.path) == (Source.DIRECT, "POST", "/v2/infer")
    assert json.loads(request.body) == event


def test_a_nan_in_a_direct_event_becomes_null():
    """A NaN that Lambda's JSON reader let through is null, which every datatype refuses."""
    assert parse_event({"inputs": [float("nan")]}).body == b'{"inputs":[null]}'


@pytest.mark.parametrize("source", [Source.HTTP_API, Source.REST_API])
def test_an_api_gets_a_proxy_response(source):
    """An API gets status, headers and the body as text."""
    response = Response(status=503, body='{"é":1}'.encode(), headers={"retry-after": "5"})
    assert front_of(source).render({}, response) == {
        "statusCode": 503,
        "headers": {"content-type": "application/json", "retry-after": "5"},
        "body": '{"é":1}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, {"a": 1}), (399, {"a": 1}), (400, {"a": 1, "status": 400})],
    ids=str,
)
def test_a_direct_caller_gets_the_document(status, expected):
    """A direct invocation gets the document itself, with the status if it is an error."""
    response = Response(status=status, body=b'{"a":1}')
    assert response.failed is (status >= 400)
    assert front_of(Source.DIRECT).render({}, response) == expected


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize("ascii_only", [True, False], ids=["ASCII", "UTF-8"])
@pytest.mark.parametrize(
    "document",
    [
        {"data": [0.1, 1e-9, 2.5e300, 1e16, -3.0]},
        {"data": list(range(50))},
        {"data": ["a", 'b"', "c\\", "é", "漢字", "🂡", "\n\x00\x7f"]},
        {"labels": {"a": True, "b": None}},
    ],
    ids=["floats", "integers", "strings", "objects"],
)
def test_what_is_sent_is_never_more_than_reckoned(source, ascii_only, document):
    """The runtime's own JSON of an answer has at most the bytes reckoned, but for the envelope."""
    body = orjson.dumps(document)
    response = Response(status=200, body=body)
    rendered = front_of(source).render({}, response)
    answer = rendered if source is Source.DIRECT else rendered["body"]
    sent = json.dumps(answer, ensure_ascii=ascii_only).encode()
    envelope = 0 if source is Source.DIRECT else 2
    assert len(sent) - envelope <= front_of(source).sent_bytes(response)


def test_requests_compare_by_value():
    """A request without a body or headers is one with empty ones."""
    request = Request(source=Source.DIRECT, method="GET", path="/")
    assert request == Request(source=Source.DIRECT, method="GET", path="/", headers={}, body=b"")
