"""Several parts under way at once, from a store under the test's control."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coldpress_runtime.artifact import Blob, Frame
from coldpress_runtime.errors import IntegrityError, ModelUnavailable
from coldpress_runtime.store import open_store
from coldpress_runtime.transfer import transfer

FRAME = 1_000
DATA = bytes(range(250)) * 40
ALTERED = b"?" * FRAME
WAIT_SECONDS = 20


def _digest(data):
    return hashlib.sha256(data).hexdigest()


BLOB = Blob(
    role="weights",
    path="weights.bin",
    compression="none",
    size=len(DATA),
    sha256=_digest(DATA),
    unpacked_size=len(DATA),
    unpacked_sha256=_digest(DATA),
    frames=tuple(
        Frame(size=FRAME, unpacked_size=FRAME, sha256=_digest(DATA[at : at + FRAME]))
        for at in range(0, len(DATA), FRAME)
    ),
)


class RangeHandler(BaseHTTPRequestHandler):
    """One object, read in ranges; what each range gets is the test's choice."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer a range."""
        first, last = map(int, re.findall(r"\d+", self.headers["Range"]))
        answer = self.server.answer(first, DATA[first : last + 1])
        failed = isinstance(answer, int)
        self.send_response(answer if failed else 206)
        body = b"" if failed else answer
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(DATA)}")
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 10:00:00 GMT")
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def ranges(aws_environment, monkeypatch):
    """A store whose answers are a function of offset and data; gives it and a way to transfer."""
    assert aws_environment
    server = ThreadingHTTPServer(("127.0.0.1", 0), RangeHandler)
    server.daemon_threads = True
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def run(answer, *, streams=3, sink=None):
        server.answer = answer
        found = bytearray(len(DATA))

        def keep(data, start):
            found[start : start + len(data)] = data

        store = open_store("s3://bucket", plain_http=True, retry_seconds=1)
        transfer(store, "weights.bin", BLOB, sink or keep, streams=streams)
        return bytes(found)

    yield run
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("streams", [1, 2, 7, 40])
def test_every_part_arrives_once(ranges, streams):
    """However many streams there are, each part is read once, and the whole is right."""
    asked = []

    def answer(first, data):
        asked.append(first)
        return data

    assert ranges(answer, streams=streams) == DATA
    assert sorted(asked) == list(range(0, len(DATA), FRAME))


def test_parts_are_under_way_at_once(ranges):
    """As many parts are asked for side by side as there are streams."""
    together = threading.Barrier(3, timeout=WAIT_SECONDS)
    first_round = iter(range(3))

    def answer(_, data):
        if next(first_round, None) is not None:
            together.wait()
        return data

    assert ranges(answer, streams=3) == DATA


def test_a_part_that_was_altered_is_fetched_once_more(ranges):
    """When a part was altered on its way and a second try is sound, it is taken."""
    asked = []

    def answer(first, data):
        asked.append(first)
        return ALTERED if asked.count(first) == 1 and first == 3 * FRAME else data

    assert ranges(answer) == DATA
    assert asked.count(3 * FRAME) == 2
    assert len(asked) == len(BLOB.frames) + 1


def test_a_part_that_stays_altered_is_refused(ranges):
    """A part that is wrong twice is refused."""
    with pytest.raises(IntegrityError):
        ranges(lambda first, data: ALTERED if first == 3 * FRAME else data)


def test_the_first_error_stops_every_stream(ranges):
    """After a refusal no further part is begun."""
    asked = []

    def answer(first, data):
        asked.append(first)
        return 403 if first == 0 else data

    with pytest.raises(ModelUnavailable) as caught:
        ranges(answer, streams=1)
    assert caught.value.code == "denied"
    assert asked == [0]


def test_a_sink_that_fails_is_heard(ranges):
    """What the sink raises comes out, and no thread goes on afterwards."""
    written = []

    def sink(_, start):
        written.append(start)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        ranges(lambda _, data: data, sink=sink)
    assert len(written) <= 3
    assert not [each for each in threading.enumerate() if each.name.startswith("stream-")]


def test_fewer_threads_do_too(ranges, monkeypatch):
    """Where the system gives no further thread, the one that is there reads it all."""
    start = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("stream-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert ranges(lambda _, data: data) == DATA
