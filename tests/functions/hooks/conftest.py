"""An endpoint of AWS's on loopback: it invokes a handler, and hears the hook's verdict."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

VERDICT = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """What stands in for Lambda and CodeDeploy.

    Attributes:
        url: Its URL.
        version: What answers an invocation; what it raises is the function's own error.
        invoked: The functions that were invoked, and with what.
        verdicts: What CodeDeploy was told.
        gate: While it is not set, no invocation is answered.
    """

    url: str = ""
    version: Callable[[Any], Any] = lambda _: {}
    invoked: list[tuple[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def endpoint(aws_environment, monkeypatch) -> Iterator[Endpoint]:
    """Such an endpoint, to which the environment points."""
    assert aws_environment
    made = Endpoint()
    made.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers.get("X-Amz-Target") == VERDICT:
                made.verdicts.append(document)
                self._answer(200, {"lifecycleEventHookExecutionId": "hook"})
                return
            made.invoked.append((self.path.split("/")[3], document))
            made.gate.wait()
            try:
                self._answer(200, made.version(document))
            except RuntimeError as error:
                self._answer(
                    200, {"errorMessage": str(error)}, **{"X-Amz-Function-Error": "Unhandled"}
                )

        def _answer(self, status: int, document: Any, **headers: str) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    yield made
    made.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def load_hook(load_function) -> Callable[..., Any]:
    """Imports hooks.py afresh, with the given environment, and gives its handler."""
    return lambda **environment: (
        load_function("hooks", NEW_VERSION="predict:7", **environment).handler
    )
