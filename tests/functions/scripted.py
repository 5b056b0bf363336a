"""An S3 endpoint on loopback that answers what a test has laid ready, faults included."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

__all__ = [
    "Answer",
    "ScriptedS3",
    "Stored",
    "dribble",
    "hang_up",
    "held",
    "refuse",
    "scripted_server",
]

Answer = bytes | int | tuple[bytes, int] | Callable[[BaseHTTPRequestHandler], None]


class Stored(Protocol):
    """What a store holds of a model."""

    @property
    def root(self) -> str:
        """The store's URL."""

    @property
    def objects(self) -> Mapping[str, bytes]:
        """Its objects by path below the root."""


@dataclass(slots=True, kw_only=True)
class ScriptedS3:
    """An S3 endpoint that answers each path's requests with what a test has laid ready.

    Attributes:
        endpoint: Its URL.
        answers: By path, answers in order; the last one stays. Bytes are an object, an integer is
            an HTTP status, a pair is an object of which only so many bytes are sent, and a
            function does with the request what it likes.
        taken: What an object that is written gets for an answer, in order; the last one stays.
        asked: The paths of all requests so far.
        gate: While it is not set, no request is answered.
    """

    endpoint: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    taken: list[Answer] = field(default_factory=lambda: [b""])
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def lay(self, stored: Stored) -> None:
        """Lay every object of a model ready."""
        prefix = stored.root.removeprefix("s3:/")
        self.answers |= {f"{prefix}/{path}": [data] for path, data in stored.objects.items()}

    def script(self, stored: Stored, path: str, *answers: Answer) -> None:
        """Lay answers ready for one of a model's objects."""
        self.answers[f"{stored.root.removeprefix('s3:/')}/{path}"] = list(answers)

    def count(self, path: str) -> int:
        """How often an object was asked for."""
        return sum(asked.endswith(path) for asked in self.asked)


@contextmanager
def scripted_server() -> Iterator[ScriptedS3]:
    """Runs such an endpoint, open at first."""
    script = ScriptedS3()
    script.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.asked.append(self.path)
            script.gate.wait()
            _send(self, _next(script.answers.get(self.path, [404])))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append(self.path)
            script.gate.wait()
            _send(self, _next(script.taken))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def refuse(status: int, code: str, message: str = "") -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with an error of S3's own, which is XML."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/xml")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer but a reset of the connection."""
    # A zero time to linger: the system sends RST rather than FIN.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def held(answer: Answer, until: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that waits until a test lets it go."""

    def wait(handler: BaseHTTPRequestHandler) -> None:
        until.wait()
        _send(handler, answer)

    return wait


def dribble(data: bytes, stop: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """An object whose bytes come one by one, until a test has seen enough."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, data)
        for place in range(len(data)):
            if stop.wait(0.05):
                return
            try:
                handler.wfile.write(data[place : place + 1])
            except OSError:  # the other side has hung up
                return

    return answer


def _next(answers: list[Answer]) -> Answer:
    return answers.pop(0) if len(answers) > 1 else answers[0]


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if callable(answer):
        answer(handler)
        return
    if isinstance(answer, int):
        handler.send_error(answer)
        return
    body, sent = answer if isinstance(answer, tuple) else (answer, len(answer))
    if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", "")):
        _send_part(
            handler, body[:sent], body, range(int(wanted[1]), int(wanted[2] or len(body)) + 1)
        )
        return
    _head(handler, body)
    handler.wfile.write(body[:sent])


def _send_part(handler: BaseHTTPRequestHandler, sent: bytes, body: bytes, places: range) -> None:
    """What S3 answers to whoever asks for the rest of a transfer that broke off."""
    start, stop = places.start, min(places.stop, len(body))
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")
    _describe(handler, body, stop - start)
    handler.wfile.write(sent[start:stop])


def _head(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    _describe(handler, body, len(body))


def _describe(handler: BaseHTTPRequestHandler, body: bytes, length: int) -> None:
    handler.send_header("Content-Length", str(length))
    handler.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
    handler.send_header("Last-Modified", "Mon, 23 Nov 2026 10:00:00 GMT")
    handler.end_headers()
