import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
import uvicorn

from coldpress.bundle import Bundle, write_bundle
from coldpress.local.serve import application
from coldpress.registry import publish

REQUEST = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2]}]}


@pytest.fixture
def recorded():
    """A server's address, and the events that its handler got."""
    events = []

    def handler(event, _context):
        events.append(event)
        body = base64.b64encode(b"\x00\xff").decode()
        return {
            "statusCode": 201,
            "headers": {"x-custom": "yes"},
            "body": body,
            "isBase64Encoded": True,
        }

    config = uvicorn.Config(application(handler), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", events
    server.should_exit = True
    thread.join()


def send(url, *, method="GET", body=None, headers=None):
    """The response to a request."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    return urllib.request.urlopen(request, timeout=20)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b"\x1f\x8b", {"Content-Encoding": "gzip"}, id="compressed"),
        pytest.param(b'"Z\xfcrich"', {}, id="no UTF-8"),
    ],
)
def test_event_of_bytes_that_are_no_text(recorded, body, headers):
    """What says that it is JSON, and is none as it comes, is handed on byte by byte."""
    address, events = recorded
    send(address, method="POST", body=body, headers={"Content-Type": "application/json", **headers})
    assert events[0]["isBase64Encoded"] is True
    assert base64.b64decode(events[0]["body"]) == body


def test_a_body_that_an_api_would_refuse(recorded):
    """Beyond an HTTP API's limit the body is not kept, and the handler is not asked."""
    address, events = recorded
    with pytest.raises(urllib.error.HTTPError) as refused:
        send(address, method="POST", body=bytes(10_000_001))
    with refused.value as response:
        assert (response.code, events) == (413, [])


def test_a_client_that_hangs_up(recorded, capfd):
    """A request that is never finished is nobody's fault, and no traceback."""
    address, events = recorded
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n[1,2")
    with send(f"{address}/after") as response:
        assert response.status == 201
    assert [event["rawPath"] for event in events] == ["/after"]
    assert "Traceback" not in capfd.readouterr().err


def test_head_has_the_length_of_nothing(recorded):
    """The length of an answer that has no body is not that of none."""
    address, _ = recorded
    with send(address, method="HEAD") as response:
        assert "content-length" not in response.headers


def test_event_of_a_json_request(recorded):
    """A JSON body is handed on as text, with path, query and headers as an HTTP API has them."""
    address, events = recorded
    headers = {"X-Thing": "Value", "Content-Type": "application/json"}
    url = f"{address}/v2/models/m/infer?a=1&a=2&b=3"
    send(url, method="POST", body=b'{"x": 1}', headers=headers).close()
    (event,) = events
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/v2/models/m/infer"
    assert event["rawQueryString"] == "a=1&a=2&b=3"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "3"}
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["headers"]["x-thing"] == "Value"
    assert event["body"] == '{"x": 1}'
    assert event["isBase64Encoded"] is False


def test_event_of_a_binary_request(recorded):
    """Any other body is handed on in base64."""
    address, events = recorded
    headers = {"content-type": "application/octet-stream"}
    send(address, method="POST", body=b"\x00\x01", headers=headers).close()
    assert events[0]["isBase64Encoded"] is True
    assert base64.b64decode(events[0]["body"]) == b"\x00\x01"


@pytest.mark.parametrize("path", ["/a%0Ab", "/a%3Fb", "//a/../b", "/"])
@pytest.mark.parametrize("method", ["GET", "PURGE"])
def test_event_of_any_path_and_method(recorded, path, method):
    """No path and no method is answered by the server itself."""
    address, events = recorded
    with send(f"{address}{path}", method=method) as response:
        assert response.status == 201
    assert events[0]["rawPath"] == urllib.parse.unquote(path)
    assert events[0]["requestContext"]["http"]["method"] == method


def test_event_without_body(recorded):
    """A request without a body is an event without one."""
    address, events = recorded
    send(f"{address}/v2").close()
    assert "body" not in events[0]
    assert "queryStringParameters" not in events[0]


def test_response(recorded):
    """Status, headers and a base64 body become the HTTP response."""
    address, _ = recorded
    with send(f"{address}/v2", method="DELETE") as response:
        assert response.status == 201
        assert response.headers["x-custom"] == "yes"
        assert response.read() == b"\x00\xff"


@pytest.fixture
def served(tmp_path, churn_bundle, serving):
    """Address of a real server, started by the command line and stopped by Ctrl-C's signal."""
    with serving(publish(churn_bundle, str(tmp_path / "store")).uri) as address:
        yield address


def test_serve(served):
    """What curl sends is answered by the function, errors included."""
    with send(f"{served}/v2/health/ready") as ready:
        assert json.load(ready) == {"live": True, "ready": True}
    # curl's own default content type, which an HTTP API hands on in base64.
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = json.dumps(REQUEST).encode()
    with send(f"{served}/v2/models/churn/infer", method="POST", body=body, headers=headers) as call:
        assert json.load(call)["outputs"][0]["data"] == [3.0, 4.0]
    with pytest.raises(urllib.error.HTTPError) as refused:
        send(f"{served}/v2/models/other")
    with refused.value as response:
        assert response.code == 404
        assert "unknown model 'other'" in json.load(response)["error"]


def test_serve_several(tmp_path, churn_bundle, doubler, serving):
    """With several models, each answers under its own name."""
    manifest = churn_bundle.manifest._replace(name="fraud")
    proof = (churn_bundle.path / "certificate.json").read_bytes()
    files = {"model.onnx": doubler, "certificate.json": proof}
    write_bundle(tmp_path / "fraud", manifest, files)
    bundles = (churn_bundle, Bundle.open(tmp_path / "fraud"))
    uris = [publish(bundle, str(tmp_path / "store")).uri for bundle in bundles]
    assert [uri.name for uri in uris] == ["churn", "fraud"]
    with serving(uris) as address:
        for uri in uris:
            with send(f"{address}/v2/models/{uri.name}") as described:
                assert json.load(described)["versions"] == [uri.digest]


def test_serve_has_the_pages(served):
    """A browser finds playground, reference, documents and files beside the function's answers."""
    for path in ("/", "/docs", "/openapi.json", "/catalogue", "/static/playground.js"):
        with send(f"{served}{path}") as answer:
            assert (answer.status, len(answer.read()) > 500) == (200, True)
    with send(f"{served}/catalogue") as answer:
        assert [model["name"] for model in json.load(answer)["models"]] == ["churn"]
    for path in ("/static/other.js", "/static/a/b", "/docs/x"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            send(f"{served}{path}")
        with refused.value as response:
            assert (response.code, list(json.load(response))) == (404, ["error"])


def test_serve_says_where_the_playground_is(tmp_path, churn_bundle):
    """The command's second line is an address to open."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "coldpress", "serve", "--model", str(uri), "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            lines = [server.stdout.readline() for _ in range(2)]
        finally:
            server.send_signal(signal.SIGINT)
    assert lines[1].startswith(f"Playground at http://127.0.0.1:{port}/ and ")


def test_serve_a_model_that_can_not_be_loaded(tmp_path, churn_bundle):
    """Without its first model nothing is served: one sentence says what is wrong with it."""
    published = publish(churn_bundle, str(tmp_path / "store"))
    (tmp_path / "store" / published.uri.blob_path("model.onnx")).write_bytes(b"altered")
    command = [sys.executable, "-m", "coldpress", "serve", "--model", str(published.uri)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {published.uri} can't be loaded: ")
    assert "model.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_has_the_pages_below_a_base_path(tmp_path, churn_bundle, serving):
    """Where the function has a base path, so have its pages."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    with serving(uri, {**os.environ, "COLDPRESS_BASE_PATH": "/ml"}) as address:
        assert send(f"{address}/ml/docs").headers["content-type"].startswith("text/html")
        assert json.loads(send(f"{address}/ml/v2/health/live").read()) == {"live": True}


def test_serve_on_a_taken_port(tmp_path, churn_bundle):
    """A port that somebody listens on already is one sentence."""
    uri = publish(churn_bundle, str(tmp_path / "store")).uri
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "coldpress", "serve", "--model", str(uri), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"Error: can't listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
