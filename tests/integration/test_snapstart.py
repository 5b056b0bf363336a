"""SnapStart under AWS's own runtime client, against a Runtime API that speaks its protocol."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress import export, publish

PREFIX = "/2018-06-01/runtime"
# The client ends in a segmentation fault where one of them is missing.
HEADERS = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": "request-1",
    "Lambda-Runtime-Deadline-Ms": "4102444800000",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:line",
    "Lambda-Runtime-Trace-Id": "Root=1-0",
}
ROWS = np.arange(60.0).reshape(20, 3)


class RuntimeApi(BaseHTTPRequestHandler):
    """Lambda's side: one restore, one invocation, then silence until the test ends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Hand out the restore and the invocation."""
        server = self.server
        server.calls.append(self.path.removeprefix(PREFIX))
        if server.calls.count("/invocation/next") > 1:
            server.over.wait(30)
        body = json.dumps(server.event).encode()
        self.send_response(200)
        for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        """Take what the client reports."""
        server = self.server
        server.calls.append(self.path.removeprefix(PREFIX))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.reports.append(json.loads(body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        server.reported.set()

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def runtime_api():
    """A Runtime API on loopback, with an inference request to hand out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.calls, server.reports = [], []
    server.reported, server.over = threading.Event(), threading.Event()
    row = {"name": "input", "shape": [1, 3], "datatype": "FP64", "data": [1.0, 2.0, 3.0]}
    server.event = {"inputs": [row]}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(runtime_api, root, tmp_path):
    """Starts AWS's runtime client with the handler; it is stopped when the test ends."""
    processes = []

    def start(uri):
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_api.server_port}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "LAMBDA_TASK_ROOT": str(root / "functions"),
            "MODEL_URI": uri,
            "PYTHONPATH": str(root / "functions"),
            "PATH": "/usr/bin:/bin",
        }
        command = [sys.executable, "-m", "awslambdaric", "predict.handler"]
        with (tmp_path / "client.log").open("w") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=tmp_path, stdout=log, stderr=log
            )
        processes.append(process)

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_a_snapshot_is_taken_with_the_model_loaded(runtime_api, client, tmp_path):
    """The client loads the model, waits to be restored, and then answers as in a cold start."""
    model = LogisticRegression().fit(ROWS, ROWS[:, 0] > 27)
    bundle = export(model, sample=ROWS, name="line", output=tmp_path / "bundle")
    uri = publish(bundle, str(tmp_path / "store")).uri
    client(str(uri))
    assert runtime_api.reported.wait(60), (tmp_path / "client.log").read_text()
    assert runtime_api.calls[:3] == [
        "/restore/next",
        "/invocation/next",
        "/invocation/request-1/response",
    ]
    assert runtime_api.reports[0]["model_name"] == "line"
    (line,) = [x for x in (tmp_path / "client.log").read_text().splitlines() if '"request"' in x]
    assert json.loads(line[line.index("{") :])["cold_start"] is True


def test_no_snapshot_is_taken_without_the_model(runtime_api, client, tmp_path):
    """A model that can't be loaded is reported to Lambda before there is a snapshot."""
    client(f"{tmp_path.as_uri()}/line@live")
    assert runtime_api.reported.wait(60), (tmp_path / "client.log").read_text()
    assert "/restore/next" not in runtime_api.calls
    assert runtime_api.reports[0]["errorType"] == "ModelUnavailable"
