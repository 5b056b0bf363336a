"""Unpacking what takes more than one piece, and what only pretends to be sound."""

import hashlib

import numpy as np
import pytest

from coldpress_runtime.artifact import Blob, Frame
from coldpress_runtime.errors import IntegrityError
from coldpress_runtime.unpacking import parts, unpack, unpacked_pieces, zstd

SIZE = 300_000
DATA = np.random.default_rng(5).bytes(SIZE)
PACKED = zstd.compress(DATA)


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _blob(stored, *, size=SIZE, compression="zstd", frames=()):
    return Blob(
        role="weights",
        path="weights.bin.zst",
        compression=compression,
        size=len(stored),
        sha256=_digest(stored),
        unpacked_size=size,
        unpacked_sha256=_digest(DATA),
        frames=frames,
    )


def test_a_frame_of_many_pieces_is_unpacked():
    """Data of more than one piece come back in order, in pieces that are smaller than the whole."""
    (part,) = parts(_blob(PACKED))
    pieces = list(unpacked_pieces(part, PACKED))
    assert b"".join(pieces) == DATA
    assert len(pieces) > 2
    assert max(map(len, pieces)) < SIZE / 2


def test_frames_follow_each_other_without_gaps():
    """Each part knows where it lies, as stored and unpacked."""
    halves = DATA[:100_000], DATA[100_000:]
    packed = [zstd.compress(half) for half in halves]
    frames = tuple(
        Frame(size=len(one), unpacked_size=len(half), sha256=_digest(one))
        for one, half in zip(packed, halves, strict=True)
    )
    blob = _blob(b"".join(packed), frames=frames)
    assert unpack(blob, b"".join(packed)) == DATA
    assert [part.unpacked_start for part in parts(blob)] == [0, 100_000]
    assert [part.start for part in parts(blob)] == [0, len(packed[0])]


LIES = {
    "bytes after the frame": (PACKED + bytes(200_000), SIZE),
    "a second frame": (PACKED + PACKED, 2 * SIZE),
    "half a frame": (PACKED[:150_000], SIZE),
    "longer than said": (PACKED, SIZE - 1),
    "shorter than said": (PACKED, SIZE + 1),
    "a bomb": (zstd.compress(bytes(50_000_000)), SIZE),
    "no frame": (DATA, SIZE),
}


@pytest.mark.parametrize(("stored", "size"), LIES.values(), ids=LIES.keys())
def test_what_is_not_one_sound_frame_is_refused(stored, size):
    """Stored bytes whose digest is right are refused if they are no frame of just that length."""
    (part,) = parts(_blob(stored, size=size))
    with pytest.raises(IntegrityError, match=r"weights\.bin\.zst"):
        list(unpacked_pieces(part, stored))


def test_nothing_is_given_before_the_digest_is_checked():
    """Bytes of another digest give not even a first piece."""
    (part,) = parts(_blob(PACKED))
    with pytest.raises(IntegrityError):
        next(unpacked_pieces(part, PACKED[:-1] + b"?"))


def test_what_is_not_compressed_is_given_as_it_is():
    """A part without compression is one piece, and not copied."""
    (part,) = parts(_blob(DATA, compression="none"))
    (piece,) = unpacked_pieces(part, DATA)
    assert piece is DATA
