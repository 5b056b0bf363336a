"""What each front is like: paths, headers in kind, and bodies as base64."""

import base64

import pytest

from coldpress_runtime.events import front_of, source_of
from coldpress_runtime.exchange import Request, Response, Source

BINARY = b"\x00\xff\x10"


def http_api(path, *, route="$default", parameters=None, stage="$default"):
    """An HTTP API's event for a path."""
    context = {"http": {"method": "GET"}, "stage": stage}
    event = {"version": "2.0", "rawPath": path, "routeKey": route, "requestContext": context}
    return {**event, "pathParameters": parameters} if parameters else event


def rest_api(path, *, resource="/{proxy+}", parameters=None):
    """A REST API's event for a path."""
    return {
        "httpMethod": "GET", "path": path, "resource": resource, "pathParameters": parameters,
        "requestContext": {"stage": "prod", "resourceId": "a1"},
    }  # fmt: skip


def load_balancer(path="/v2", **fields):
    """A load balancer's event for a path."""
    return {
        "httpMethod": "GET", "path": path, "headers": {}, "body": "", "isBase64Encoded": False,
        "requestContext": {"elb": {"targetGroupArn": "arn"}}, **fields,
    }  # fmt: skip


PATHS = {
    "as it is": (http_api("/v2/health/live"), "", "/v2/health/live"),
    "stage": (http_api("/dev/v2", stage="dev"), "", "/v2"),
    "stage and base path": (http_api("/dev/ml/v2", stage="dev"), "/ml", "/v2"),
    "base path": (rest_api("/ml/v2"), "/ml", "/v2"),
    "base path of a load balancer": (load_balancer("/ml/predict"), "/ml", "/predict"),
    "nothing but the base path": (load_balancer("/ml"), "/ml", ""),
    "only like the base path": (load_balancer("/mlx/v2"), "/ml", "/mlx/v2"),
    "greedy route of a REST API": (
        rest_api("/shop/v2/health/live", parameters={"proxy": "v2/health/live"}),
        "", "/v2/health/live",
    ),
    "greedy below a resource": (
        rest_api("/shop/v2/models/a", resource="/v2/{proxy+}", parameters={"proxy": "models/a"}),
        "", "/v2/models/a",
    ),
    "greedy, with the slash of AWS's sample": (
        rest_api("/v2", parameters={"proxy": "/v2"}), "", "/v2",
    ),
    "greedy that is not the path's": (
        rest_api("/v2/a", parameters={"proxy": "v2/b"}), "", "/v2/a",
    ),
    "greedy route of an HTTP API": (
        http_api("/shop/v2/models/a", route="ANY /v2/{proxy+}", parameters={"proxy": "models/a"}),
        "", "/v2/models/a",
    ),
    "parameters that are none": (rest_api("/v2", parameters=["proxy"]), "", "/v2"),
    "a variable that is no text": (rest_api("/v2", parameters={"proxy": 1}), "", "/v2"),
    "another variable": (
        rest_api("/x/v2", resource="/{name}/v2", parameters={"name": "x"}), "", "/x/v2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("event", "base_path", "path"), PATHS.values(), ids=PATHS.keys())
def test_what_leads_the_path_is_taken_off(event, base_path, path):
    """Stages, base paths and whatever leads a greedy route are none of the function's."""
    assert front_of(source_of(event)).parse(event, base_path).path == path


def test_a_load_balancers_event_is_read():
    """Its mark is the target group; headers of several values are joined."""
    event = load_balancer(
        "/predict", httpMethod="POST", headers=None, isBase64Encoded=True,
        multiValueHeaders={"Accept": ["a", "b"]}, body=base64.b64encode(BINARY).decode(),
    )  # fmt: skip
    assert source_of(event) is Source.LOAD_BALANCER
    assert front_of(source_of(event)).parse(event) == Request(
        source=Source.LOAD_BALANCER,
        method="POST",
        path="/predict",
        headers={"accept": "a,b"},
        body=BINARY,
    )


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        ({}, "headers", "application/json"),
        ({"headers": None, "multiValueHeaders": {}}, "multiValueHeaders", ["application/json"]),
    ],
    ids=["one value", "several values"],
)
def test_a_load_balancer_is_answered_in_kind(fields, key, value):
    """Headers come as the load balancer's setting has them, with the reason phrase."""
    response = Response(status=503, body=b"{}", headers={"retry-after": "5"})
    answer = front_of(Source.LOAD_BALANCER).render(load_balancer(**fields), response)
    assert answer["statusDescription"] == "503 Service Unavailable"
    assert answer[key]["content-type"] == value
    assert ({"headers", "multiValueHeaders"} & answer.keys()) == {key}


@pytest.mark.parametrize("source", [Source.HTTP_API, Source.REST_API, Source.LOAD_BALANCER])
@pytest.mark.parametrize(
    "response",
    [
        Response(status=200, body=BINARY, content_type="application/octet-stream"),
        Response(status=200, body=BINARY, headers={"content-encoding": "gzip"}),
    ],
    ids=["binary", "compressed"],
)
def test_a_body_that_is_no_text_is_sent_as_base64(source, response):
    """What is no text goes as base64, and is reckoned as long as that is."""
    front = front_of(source)
    answer = front.render(load_balancer(), response)
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"], validate=True) == BINARY
    assert len(answer["body"]) == front.sent_bytes(response)


@pytest.mark.parametrize("source", [Source.HTTP_API, Source.REST_API, Source.LOAD_BALANCER])
def test_an_answer_without_a_body_has_no_type(source):
    """What has no body, such as the answer to OPTIONS, names no content type."""
    response = Response(status=204, body=b"", headers={"allow": "GET"}, content_type="")
    answer = front_of(source).render({}, response)
    assert (answer["body"], answer["isBase64Encoded"]) == ("", False)
    assert answer["headers"] == {"allow": "GET"}


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ({}, "/v2/infer"),
        ({"model_name": "a"}, "/v2/models/a/infer"),
        ({"model_name": "a", "model_version": "1"}, "/v2/models/a/versions/1/infer"),
    ],
    ids=["nothing", "a model", "a version"],
)
def test_a_direct_invocation_may_name_its_model(named, path):
    """Model and version stand beside the inputs, as they do in an answer."""
    assert front_of(Source.DIRECT).parse({"inputs": [], **named}).path == path
