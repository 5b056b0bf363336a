"""Lossless compression, as the function undoes it."""

import hashlib

import pytest

from coldpress.compress import compress
from coldpress_runtime.unpacking import unpack


@pytest.mark.parametrize("model", [b"", b"x" * 100_000, bytes(range(256)) * 999], ids=len)
def test_round_trip(model):
    """The function unpacks what was packed, and the blob says what both are."""
    compressed = compress(model)
    blob = compressed.blob
    assert unpack(blob, compressed.stored) == model
    assert (blob.size, blob.unpacked_size) == (len(compressed.stored), len(model))
    assert blob.unpacked_sha256 == hashlib.sha256(model).hexdigest()
    assert compressed.technique == "lossless"


def test_same_bytes_every_time():
    """Packing is deterministic: a bundle is its content."""
    assert compress(b"model" * 1000) == compress(b"model" * 1000)
