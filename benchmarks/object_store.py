"""A small S3-like server whose speed can be set: one directory, read over HTTP with ranges.

A server for tests keeps objects in memory and copies them in Python; it would be slower than what
it serves. This one hands files to the kernel, and holds all connections together to one rate, as
the network of one function does. Standard library only, so that it runs on any Python:

    python -m benchmarks.object_store DIRECTORY --megabytes-per-second 75

`DIRECTORY/BUCKET/KEY` is the object `s3://BUCKET/KEY` for a client with the printed address in
``AWS_ENDPOINT_URL``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

__all__ = ["Span", "Throttle", "running_store", "span_of"]

_LOOPBACK = "127.0.0.1"
_MEGABYTE = 1_000_000
# Small enough that connections take turns, large enough that the kernel does the work.
_THROTTLED_CHUNK = 64 * 1024
_FREE_CHUNK = 8 * 1024 * 1024
# How much may be sent at once after a pause: what a sleep that ends late would lose otherwise.
_BURST_SECONDS = 0.01
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of an object.

    Attributes:
        first: Offset of its first byte.
        length: Number of bytes.
        partial: Whether a range was asked for, so that the answer is a 206.
    """

    first: int
    length: int
    partial: bool


class Throttle:
    """A token bucket over a whole set of connections.

    In any stretch of time that begins with the first reservation, no more bytes go out than
    ``rate`` times its seconds, plus a burst of 10 ms.

    Args:
        rate: Bytes a second; None for no limit.
        now: Seconds on the clock whose later readings `reserve` is given.
    """

    def __init__(self, rate: float | None, now: float) -> None:
        self._rate = rate
        self._empty_at = now - _BURST_SECONDS
        self._lock = Lock()

    @property
    def chunk(self) -> int:
        """Bytes to reserve at a time."""
        return _FREE_CHUNK if self._rate is None else _THROTTLED_CHUNK

    def reserve(self, size: int, now: float) -> float:
        """Take tokens for `size` bytes; returns the seconds to wait before they are sent."""
        if self._rate is None:
            return 0.0
        with self._lock:
            self._empty_at = max(self._empty_at, now - _BURST_SECONDS) + size / self._rate
            return max(0.0, self._empty_at - now)


def span_of(header: str | None, size: int) -> Span | None:
    """What a ``Range`` header asks for; RFC 9110, section 14.

    Args:
        header: Its value, or None without one. What is not one range of bytes is ignored, as S3
            does.
        size: The object's size in bytes.

    Returns:
        The span; None if it can't be satisfied, which is a 416.
    """
    match = _RANGE.fullmatch((header or "").strip())
    whole = Span(first=0, length=size, partial=False)
    if match is None or not any(match.groups()):
        return whole
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return Span(first=size - length, length=length, partial=True) if length else None
    if last and int(last) < int(first):
        return whole
    if int(first) >= size:
        return None
    end = min(int(last) if last else size - 1, size - 1)
    return Span(first=int(first), length=end - int(first) + 1, partial=True)


@contextmanager
def running_store(root: Path, megabytes_per_second: float | None = None) -> Iterator[str]:
    """Run the server in a process of its own; its address, until the context ends."""
    command = [sys.executable, "-m", __name__, str(root)]
    if megabytes_per_second is not None:
        command += ["--megabytes-per-second", str(megabytes_per_second)]
    repository = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or not (address := process.stdout.readline().strip()):
                raise OSError("the object store for the benchmark did not start")
            yield address
        finally:
            process.terminate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, root: Path, port: int, rate: float | None) -> None:
        super().__init__((_LOOPBACK, port), _Handler)
        self.root = root.resolve()
        self.throttle = Throttle(rate, time.monotonic())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve(body=True)

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Nothing: a line a request would be part of what is measured."""

    def _serve(self, *, body: bool) -> None:
        path = (self.server.root / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        if not path.is_relative_to(self.server.root) or not path.is_file():
            self._refuse(HTTPStatus.NOT_FOUND, "NoSuchKey")
            return
        with path.open("rb") as source:
            self._answer(source, body=body)

    def _answer(self, source: BinaryIO, *, body: bool) -> None:
        status = os.fstat(source.fileno())
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        if self.headers.get("If-Match", etag) not in (etag, "*"):
            self._refuse(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed")
            return
        span = span_of(self.headers.get("Range"), status.st_size)
        if span is None:
            unsatisfied = {"Content-Range": f"bytes */{status.st_size}"}
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "InvalidRange", unsatisfied)
            return
        self._send_head(span, status.st_size, status.st_mtime, etag)
        if body:
            self._send_body(source, span)

    def _send_head(self, span: Span, size: int, modified: float, etag: str) -> None:
        self.send_response(HTTPStatus.PARTIAL_CONTENT if span.partial else HTTPStatus.OK)
        if span.partial:
            last = span.first + span.length - 1
            self.send_header("Content-Range", f"bytes {span.first}-{last}/{size}")
        self.send_header("Content-Length", str(span.length))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", formatdate(modified, usegmt=True))
        self.end_headers()

    def _send_body(self, source: BinaryIO, span: Span) -> None:
        throttle, offset, end = self.server.throttle, span.first, span.first + span.length
        try:
            while offset < end:
                size = min(throttle.chunk, end - offset)
                if wait := throttle.reserve(size, time.monotonic()):
                    time.sleep(wait)  # what the speed that is set leaves to wait
                # Not os.sendfile as it is: this one goes on where the kernel stopped early.
                source.seek(offset)
                offset += self.connection.sendfile(source, offset, size)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _refuse(self, status: HTTPStatus, code: str, headers: dict[str, str] | None = None) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.object_store", description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--megabytes-per-second", type=float, default=None)
    arguments = parser.parse_args()
    rate = arguments.megabytes_per_second
    server = _Server(arguments.root, arguments.port, None if rate is None else rate * _MEGABYTE)
    print(f"http://{_LOOPBACK}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    _main()
