"""Lossless compression, as the function undoes it: small blobs whole, large ones in frames."""

import hashlib

import numpy as np
import pytest

from coldpress.blobs import unpacked_parts
from coldpress.packing import Cutting, pack_blob

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.bytes(10_000)
WEIGHTS = RANDOM.normal(size=10_000).astype(np.float32).tobytes()
SMALL = Cutting(least_bytes=1000, frame_bytes=3000, threads=2)


def unpacked(compressed, folder):
    """What the function makes of the stored bytes."""
    path = compressed.stored
    if isinstance(path, bytes):
        path = folder / "stored"
        path.write_bytes(compressed.stored)
    return b"".join(unpacked_parts(compressed.blob, path))


@pytest.mark.parametrize("model", [b"", b"x" * 100_000, bytes(range(256)) * 999], ids=len)
def test_small_models_are_one_whole(tmp_path, model):
    """The function unpacks what was packed, and the blob says what both are."""
    compressed = pack_blob(model, tmp_path, role="model")
    blob = compressed.blob
    assert unpacked(compressed, tmp_path) == model
    assert (blob.path, blob.compression, blob.frames) == ("model.onnx.zst", "zstd", ())
    assert (blob.size, blob.unpacked_size) == (len(compressed.stored), len(model))
    assert blob.unpacked_sha256 == hashlib.sha256(model).hexdigest()


@pytest.mark.parametrize("role", ["model", "weights"])
@pytest.mark.parametrize(
    ("data", "compression", "frames"),
    [
        pytest.param(b"x" * 1001, "zstd", 1, id="one-frame"),
        pytest.param(b"abc" * 3000, "zstd", 3, id="no-rest"),
        pytest.param(WEIGHTS, "zstd", 14, id="weights"),
        pytest.param(NOISE, "none", 4, id="incompressible"),
    ],
)
def test_large_blobs_are_frames(tmp_path, role, data, compression, frames):
    """Frames cover a large blob without gaps, and what gains nothing is stored as it is."""
    source = tmp_path / "source"
    source.write_bytes(data)
    (tmp_path / "out").mkdir()
    compressed = pack_blob(source, tmp_path / "out", role=role, cutting=SMALL)
    blob = compressed.blob
    name = {"model": "model.onnx", "weights": "weights.bin"}[role]
    assert blob.path == (name if compression == "none" else f"{name}.zst")
    assert (blob.role, blob.compression, len(blob.frames)) == (role, compression, frames)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [blob.path]
    assert unpacked(compressed, tmp_path) == data
    assert {frame.unpacked_size for frame in blob.frames[:-1]} <= {3000}
    assert sum(frame.size for frame in blob.frames) == blob.size == compressed.stored.stat().st_size
    assert sum(frame.unpacked_size for frame in blob.frames) == blob.unpacked_size == len(data)


def test_a_blob_of_the_limit_is_whole(tmp_path):
    """Just what is longer than the limit is cut."""
    at, above = (pack_blob(b"x" * n, tmp_path, role="model", cutting=SMALL) for n in (1000, 1001))
    assert (len(at.blob.frames), len(above.blob.frames)) == (0, 1)


@pytest.mark.parametrize("threads", [1, 3, 16])
def test_threads_change_nothing(tmp_path, threads):
    """The same bytes come of it however many threads there are."""
    made = []
    for name, count in (("one", 1), ("many", threads)):
        (tmp_path / name).mkdir()
        cutting = Cutting(least_bytes=0, frame_bytes=700, threads=count)
        made.append(pack_blob(WEIGHTS, tmp_path / name, role="weights", cutting=cutting))
    assert made[0].blob == made[1].blob
    assert made[0].stored.read_bytes() == made[1].stored.read_bytes()


def test_same_bytes_every_time(tmp_path):
    """Packing is deterministic: a bundle is its content."""
    first, second = (pack_blob(b"model" * 1000, tmp_path, role="model") for _ in range(2))
    assert first == second


def test_progress_comes_with_each_frame(tmp_path):
    """What is large reports the fraction that is done, up to all of it."""
    told = []
    cutting = Cutting(least_bytes=0, frame_bytes=2500)
    pack_blob(b"x" * 10_000, tmp_path, role="weights", cutting=cutting, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
