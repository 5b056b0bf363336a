"""How a deployed model is called."""

from dataclasses import replace

import pytest

from coldpress.deployment.aws import sign_in
from coldpress.deployment.calls import endpoint_of
from tests.loopback import answering
from tests.signed import is_signed

REQUEST = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]}


@pytest.fixture
def account(aws_environment):
    """The moto server's account."""
    assert aws_environment
    return sign_in()


@pytest.mark.parametrize(
    ("output", "url", "service"),
    [
        pytest.param("HttpApiUrl", "https://a.execute-api.x", "execute-api", id="HTTP API"),
        pytest.param("RestApiUrl", "https://a.execute-api.x/live", "execute-api", id="REST API"),
        pytest.param("FunctionUrl", "https://a.lambda-url.x/", "lambda", id="function URL"),
    ],
)
def test_the_endpoint_is_the_stack_s(account, output, url, service):
    """The output says where it answers, and what a signature is for."""
    endpoint = endpoint_of(account, {"Other": "x", output: url}, "churn", "iam")
    assert endpoint.infer_url == f"{url.rstrip('/')}/v2/models/churn/infer"
    assert f"--aws-sigv4 aws:amz:us-east-1:{service}" in endpoint.curl(REQUEST, "r.json")


def test_no_endpoint(account):
    """A stack without one of the outputs has none."""
    with pytest.raises(KeyError):
        endpoint_of(account, {"FunctionName": "x"}, "churn", "iam")


@pytest.fixture
def api_key(account):
    """The id of an API key whose value is thirty times a letter."""
    client = account.client("apigateway")
    key = client.create_api_key(name="k", value="a" * 30, enabled=True)
    yield key["id"]
    client.delete_api_key(apiKey=key["id"])


def test_keys_and_tokens_stay_out_of_the_command(account, api_key, monkeypatch):
    """The command names variables; neither a key nor a token is printed."""
    outputs = {"RestApiUrl": "https://x", "ApiKeyId": api_key}
    endpoint = endpoint_of(account, outputs, "churn", "api-key")
    assert endpoint.api_key == "a" * 30
    assert endpoint.can_ask
    assert "a" * 30 not in endpoint.curl(REQUEST, "r.json")
    assert "x-api-key: $API_KEY" in endpoint.curl(REQUEST, "r.json")
    token = endpoint_of(account, {"HttpApiUrl": "https://x"}, "churn", "jwt")
    assert not token.can_ask
    monkeypatch.setenv("COLDPRESS_TOKEN", "secret")
    assert token.can_ask
    assert "secret" not in token.curl(REQUEST, "r.json")


def test_a_long_request_comes_from_a_file(account):
    """What is too long for a line is read from a file, whose name may have blanks."""
    endpoint = endpoint_of(account, {"HttpApiUrl": "https://x"}, "churn", "iam")
    long = {"inputs": [{**REQUEST["inputs"][0], "data": [0.5] * 1000}]}
    assert "-d '@" not in endpoint.curl(REQUEST, "r.json")
    assert "-d @'a b/r.json'" in endpoint.curl(long, "a b/r.json")


@pytest.mark.parametrize(
    ("output", "service"), [("HttpApiUrl", "execute-api"), ("FunctionUrl", "lambda")]
)
@pytest.mark.parametrize("document", [REQUEST, None], ids=["post", "get"])
def test_requests_are_signed(account, output, service, document):
    """By IAM each is signed for the service that stands before the function, its body with it."""
    requests = []
    with answering(lambda asked: requests.append(asked) or (200, b"{}")) as url:
        endpoint = endpoint_of(account, {output: url}, "churn", "iam")
        assert endpoint.ask("/v2/models/churn/infer", document) == (200, b"{}")
    (asked,) = requests
    assert is_signed(asked, url, service)
    assert not is_signed(replace(asked, body=b"other"), url, service)
    assert not is_signed(asked, url, "s3")


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [("api-key", "x-api-key", "a" * 30), ("jwt", "authorization", "Bearer secret")],
)
def test_requests_have_their_key_or_token(account, api_key, monkeypatch, auth, header, value):
    """Callers by key or token show it, and sign nothing."""
    monkeypatch.setenv("COLDPRESS_TOKEN", "secret")
    requests = []
    with answering(lambda asked: requests.append(asked) or (200, b"{}")) as url:
        outputs = {"RestApiUrl": url, "ApiKeyId": api_key}
        endpoint_of(account, outputs, "churn", auth).ask("/v2/models/churn/infer", REQUEST)
    (asked,) = requests
    assert asked.headers[header] == value
    assert "x-amz-date" not in asked.headers


def test_nothing_that_answers(account):
    """Where nobody listens the status is 0, and the reason is there instead of a body."""
    endpoint = endpoint_of(account, {"HttpApiUrl": "http://127.0.0.1:1"}, "churn", "iam")
    status, reason = endpoint.ask("/v2/models/churn", None)
    assert status == 0
    assert b"refused" in reason
