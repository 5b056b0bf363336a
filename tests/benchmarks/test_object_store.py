"""The benchmark's own object store: ranges as S3 answers them, and its arithmetic of speed."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import obstore
import pytest
from obstore.store import S3Store

from benchmarks.object_store import Span, Throttle, running_store, span_of

SIZE = 1_000_000
CONTENT = bytes(range(256)) * (SIZE // 256) + bytes(SIZE % 256)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A running store with one object, `bucket/a folder/object@1`."""
    root = tmp_path_factory.mktemp("store")
    (root / "root" / "bucket" / "a folder").mkdir(parents=True)
    (root / "root" / "bucket" / "a folder" / "object@1").write_bytes(CONTENT)
    (root / "outside").write_bytes(b"not served")
    with running_store(root / "root") as address:
        yield address


@pytest.fixture
def store(address):
    """A client of it, as the function has."""
    return S3Store(
        "bucket",
        endpoint=address,
        access_key_id="testing",
        secret_access_key="testing",
        region="us-east-1",
        client_options={"allow_http": True},
    )


@pytest.mark.parametrize(
    ("header", "first", "length", "partial"),
    [
        pytest.param(None, 0, 100, False, id="none"),
        pytest.param("bytes=0-9", 0, 10, True, id="inclusive"),
        pytest.param("bytes=90-", 90, 10, True, id="open"),
        pytest.param("bytes=90-1000", 90, 10, True, id="beyond the end"),
        pytest.param("bytes=-30", 70, 30, True, id="suffix"),
        pytest.param("bytes=-1000", 0, 100, True, id="long suffix"),
        pytest.param("bytes=9-0", 0, 100, False, id="backwards is ignored"),
        pytest.param("bytes=0-1,3-4", 0, 100, False, id="several are ignored"),
        pytest.param("bytes=-", 0, 100, False, id="empty is ignored"),
        pytest.param("rows=0-1", 0, 100, False, id="another unit is ignored"),
    ],
)
def test_reads_ranges(header, first, length, partial):
    """A range is the span that RFC 9110 says, and what is not one is ignored."""
    assert span_of(header, 100) == Span(first=first, length=length, partial=partial)


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=-5", 0)],
)
def test_knows_what_cannot_be_satisfied(header, size):
    """A range without one byte of the object in it has no span."""
    assert span_of(header, size) is None


def test_serves_what_a_client_asks_for(store):
    """A client reads whole objects, ranges of them and their size."""
    path = "a folder/object@1"
    assert bytes(obstore.get(store, path).bytes()) == CONTENT
    assert bytes(obstore.get_range(store, path, start=1000, end=3000)) == CONTENT[1000:3000]
    assert obstore.head(store, path)["size"] == SIZE
    with pytest.raises(FileNotFoundError):
        obstore.get(store, "a folder/no object")


def test_serves_ranges_side_by_side(store):
    """Ranges that are read at the same time make up the object."""
    step = 100_000

    def part(start):
        return bytes(obstore.get_range(store, "a folder/object@1", start=start, length=step))

    with ThreadPoolExecutor(8) as pool:
        assert b"".join(pool.map(part, range(0, SIZE, step))) == CONTENT


@pytest.mark.parametrize(
    ("headers", "status", "length", "content_range"),
    [
        pytest.param({}, 200, SIZE, None, id="whole"),
        pytest.param({"Range": "bytes=5-9"}, 206, 5, f"bytes 5-9/{SIZE}", id="part"),
        pytest.param({"Range": f"bytes={SIZE}-"}, 416, None, f"bytes */{SIZE}", id="beyond"),
        pytest.param({"If-Match": '"another"'}, 412, None, None, id="changed"),
    ],
)
def test_says_what_it_serves(address, headers, status, length, content_range):
    """Statuses and headers are those that a client of S3 counts on."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/bucket/a%20folder/object%401", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == status
    assert answer.getheader("Content-Range") == content_range
    assert length is None or len(body) == length == int(answer.getheader("Content-Length"))


@pytest.mark.parametrize("path", ["/../outside", "/%2e%2e/outside", "/bucket", "//etc/hostname"])
def test_serves_nothing_else(address, path):
    """What lies outside of its directory, or is no file, is not there."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()


def test_throttle_holds_the_rate():
    """However the bytes are cut up, they go out no sooner than the rate allows."""
    throttle, now, sent = Throttle(1_000_000, 5.0), 5.0, 0
    for size in (20_000, 1, 300_000, 64_000, 616_000):
        sent += size
        now += throttle.reserve(size, now)
        assert now == pytest.approx(max(5.0, 5.0 + sent / 1_000_000 - 0.01))


def test_throttle_is_shared():
    """Connections that reserve at the same time wait for each other's bytes."""
    throttle = Throttle(1_000_000, 0.0)
    waits = [throttle.reserve(100_000, 0.0) for _ in range(3)]
    assert waits == pytest.approx([0.09, 0.19, 0.29])


def test_throttle_forgets_a_pause():
    """After a pause no more than the burst is sent at once."""
    throttle = Throttle(1_000_000, 0.0)
    assert throttle.reserve(10_000, 100.0) == pytest.approx(0.0)
    assert throttle.reserve(50_000, 100.0) == pytest.approx(0.05)


def test_no_rate_is_no_wait():
    """Without a rate nothing waits."""
    assert Throttle(None, 0.0).reserve(10**12, 0.0) == 0.0
