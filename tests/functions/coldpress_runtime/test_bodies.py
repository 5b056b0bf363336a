"""Content encodings, in and out, within limits."""

import gzip
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldpress_runtime.bodies import compressed, expanded
from coldpress_runtime.errors import PayloadTooLarge, RequestError, UnsupportedMedia
from coldpress_runtime.exchange import Response
from coldpress_runtime.options import Limits

LIMITS = Limits()
TEXT = b'{"inputs": [' + b"0.5, " * 500 + b"1]}"


def raw(data):
    """Deflate without the header that HTTP asks for, as some clients send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


READ = {
    "gzip": ("gzip", gzip.compress),
    "gzip in capitals": ("GZip", gzip.compress),
    "gzip, as it once was called": ("x-gzip", gzip.compress),
    "gzip beside identity": ("identity, gzip", gzip.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("deflate", raw),
    "identity": ("identity", bytes),
    "nothing named": (" , ", bytes),
}
UNREAD = {
    "another": "br",
    "stacked": "gzip, gzip",
    "stacked with another": "gzip, br",
    "long": "x" * 5_000,
}
PACKED = gzip.compress(TEXT)
UNSOUND = {
    "plain": ("gzip", TEXT, "not in the gzip"),
    "empty": ("gzip", b"", "gzip is cut off"),
    "cut off": ("gzip", PACKED[:-9], "gzip is cut off"),
    "wrong checksum": ("gzip", PACKED[:-8] + b"12345678", "not in the gzip"),
    "something after it": ("gzip", PACKED + b"more", "not in the gzip"),
    "a member cut off after it": ("gzip", PACKED + PACKED[:20], "gzip is cut off"),
    "plain, not deflate": ("deflate", b"\xff" * 40, "not in the deflate"),
    "deflate and more": ("deflate", zlib.compress(TEXT) + b"x", "something follows"),
    "deflate cut off": ("deflate", zlib.compress(TEXT)[:-5], "deflate is cut off"),
    "gzip that says deflate": ("deflate", PACKED, "not in the deflate"),
}


@pytest.mark.parametrize(("encoding", "pack"), READ.values(), ids=READ.keys())
def test_what_was_compressed_is_read(encoding, pack):
    """Each encoding that is read gives back what was packed."""
    assert expanded(pack(TEXT), encoding, LIMITS) == TEXT


@pytest.mark.parametrize("encoding", UNREAD.values(), ids=UNREAD.keys())
def test_another_encoding_is_refused(encoding):
    """What is not read is named, in short, with what would be."""
    with pytest.raises(UnsupportedMedia, match="send gzip, deflate, or it plain") as caught:
        expanded(b"", encoding, LIMITS)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("encoding", "body", "said"), UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_body_is_refused(encoding, body, said):
    """A body that is not in its encoding, is cut off or goes on after it is the request's error."""
    with pytest.raises(RequestError, match=said):
        expanded(body, encoding, LIMITS)


@pytest.mark.parametrize(
    ("size", "limits", "told"),
    [
        (10_001, Limits(unpacked_bytes=10_000), "has more than 10,000 bytes"),
        (2_000_000, Limits(ratio=100), "is more than 100 times as large"),
    ],
    ids=["size", "ratio"],
)
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_bomb_is_refused(size, limits, told, pack):
    """What grows beyond a limit is refused before it has grown."""
    encoding = "gzip" if pack is gzip.compress else "deflate"
    with pytest.raises(PayloadTooLarge, match=f"{told} once its {encoding} is undone"):
        expanded(pack(bytes(size)), encoding, limits)


def test_members_share_the_limit():
    """A limit counts all members together, and is inclusive."""
    body = gzip.compress(bytes(600)) * 2
    assert expanded(body, "gzip", Limits(unpacked_bytes=1200)) == bytes(1200)
    with pytest.raises(PayloadTooLarge):
        expanded(body, "gzip", Limits(unpacked_bytes=1199))


def test_a_small_body_may_shrink_as_far_as_it_likes():
    """A megabyte of zeros is no bomb, however little it was sent as."""
    assert expanded(gzip.compress(bytes(2**20), 9), "gzip", Limits(ratio=1)) == bytes(2**20)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(body=st.binary(max_size=200) | st.binary(max_size=50).map(gzip.compress))
def test_any_body_is_read_or_refused(encoding, body):
    """Whatever the bytes are, they are read or are the request's error."""
    try:
        assert isinstance(expanded(body, encoding, LIMITS), bytes)
    except RequestError as error:
        assert str(error)  # noqa: PT017 - it may be read as well


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br, deflate", False),
        ("", False),
    ],
    ids=str,
)
def test_an_answer_is_compressed_for_who_asks(accepted, packs):
    """Gzip is given to who takes it, and named with what it depends on."""
    answer = compressed(Response(status=200, body=TEXT), accepted)
    assert (answer.headers.get("content-encoding") == "gzip") is packs
    assert (gzip.decompress(answer.body) if packs else answer.body) == TEXT
    assert answer.headers.get("vary") == ("accept-encoding" if packs else None)


@pytest.mark.parametrize("body", [b"0" * 1023, os.urandom(5_000)], ids=["small", "random"])
def test_what_gains_nothing_stays_plain(body):
    """Small bodies and those that hardly shrink are sent as they are."""
    response = Response(status=200, body=body)
    assert compressed(response, "gzip") is response
