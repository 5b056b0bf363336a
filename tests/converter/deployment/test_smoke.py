"""What was deployed, asked through its URL: here `coldpress serve`, the same handler."""

import socket
import threading
from contextlib import contextmanager

import pytest

from coldpress.deployment.aws import sign_in
from coldpress.deployment.calls import endpoint_of
from coldpress.deployment.smoke import ask_golden, golden_of
from coldpress.errors import DeployError
from coldpress.registry import publish

EXAMPLE = {
    "request": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]},
    "response": {
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [2.0, 5.0]}]
    },
}


@pytest.fixture
def endpoint(aws_environment):
    """A function that gives the endpoint at an address."""
    assert aws_environment
    account = sign_in()
    return lambda url: endpoint_of(account, {"HttpApiUrl": url}, "churn", "iam")


@pytest.fixture
def published(tmp_path):
    """A function that publishes a bundle to a directory; gives its pinned URI."""
    return lambda bundle: publish(bundle, str(tmp_path / "store")).uri


def test_asks_each_golden_example(make_bundle, published, endpoint, serving):
    """Every example is asked through the URL and compared."""
    uri = published(make_bundle())
    with serving(uri) as address:
        assert _ask(endpoint(address), uri, patience=9.0) == 1
    assert golden_of(uri).request["inputs"][0]["name"] == "x"


def test_an_answer_that_differs_is_a_failure(make_bundle, published, endpoint, serving):
    """What the original did not say is told, and how to go back."""
    uri = published(make_bundle(examples=(EXAMPLE,)))
    with (
        serving(uri) as address,
        pytest.raises(DeployError, match="too far from what the original"),
    ):
        _ask(endpoint(address), uri, patience=9.0)


def test_another_version_is_a_failure(make_bundle, published, endpoint, serving):
    """Where the version before goes on answering, its digest is told."""
    old, new = published(make_bundle()), published(make_bundle(examples=(EXAMPLE,), name="other"))
    waited = []
    with (
        serving(old) as address,
        pytest.raises(DeployError, match=f"still answers as version {old.digest:.12}, not as"),
    ):
        _ask(endpoint(address), new, progress=waited.append)
    assert waited == []


def test_without_examples_it_has_to_be_ready(make_bundle, published, endpoint, serving):
    """A version without examples is asked whether it is ready."""
    uri = published(make_bundle(examples=()))
    with serving(uri) as address:
        assert _ask(endpoint(address), uri, patience=9.0) == 0
    assert golden_of(uri).request is None


def test_nothing_that_answers_is_a_failure(make_bundle, published, endpoint):
    """A URL where nobody listens is told as that."""
    uri = published(make_bundle())
    with pytest.raises(
        DeployError, match="was deployed, and answers nothing: nothing answers there"
    ):
        _ask(endpoint("http://127.0.0.1:1"), uri)


def test_a_refusal_is_told(make_bundle, published, endpoint, serving):
    """What the function answers instead of a prediction stands in the sentence."""
    uri = published(make_bundle())
    with serving(uri) as address:
        elsewhere = endpoint(f"{address}/nowhere")
        with pytest.raises(DeployError, match="answers 404: "):
            _ask(elsewhere, uri)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", id="no outputs"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", id="empty"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", id="cut off"),
        pytest.param(b"what?\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 500 No\r\ncontent-length: 99\r\n\r\n{", id="cut-off error"),
    ],
)
def test_half_an_answer_is_none(make_bundle, published, endpoint, answer):
    """What is no whole answer is waited for, and told in one sentence in the end."""
    uri = published(make_bundle())
    with _answering(answer) as address, pytest.raises(DeployError, match="was deployed, and"):
        _ask(endpoint(address), uri)


def _ask(endpoint, uri, *, progress=print, patience=0.0):
    return ask_golden(endpoint, uri, golden_of(uri), progress=progress, patience=patience)


@contextmanager
def _answering(answer):
    """A server that says the same to one request, whatever it is; gives its address."""

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()
