"""Reading a bundle's file part by part, so that a large one never lies in memory as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from coldpress_runtime.artifact import Blob
from coldpress_runtime.unpacking import Part, expect, parts, unpack_part

from .parallel import in_order

__all__ = ["unpacked_parts"]


def unpacked_parts(blob: Blob, path: Path) -> Iterator[bytes | memoryview]:
    """The bytes that a blob's file stands for, frame by frame, through the function's own code.

    Each frame is verified before it is given, and the whole once the last one is taken: whoever
    needs the whole verified takes them all.

    Args:
        blob: What the manifest says of the file.
        path: The file.

    Raises:
        IntegrityError: A size or digest of a frame or of the whole differs, or a frame is broken.
        OSError: The file can't be read.
    """
    stored, unpacked = hashlib.sha256(), hashlib.sha256()
    # Before anything is read, and memory taken for it, by what the manifest says.
    expect(path.stat().st_size == blob.size, blob.path)
    with path.open("rb") as file:
        for data, piece in in_order(_unpacked, _read(blob, file)):
            stored.update(data)
            unpacked.update(piece)
            yield piece
        expect(not file.read(1) and stored.hexdigest() == blob.sha256, blob.path)
    expect(unpacked.hexdigest() == blob.unpacked_sha256, blob.path)


def _read(blob: Blob, file: IO[bytes]) -> Iterator[tuple[Part, bytes]]:
    for part in parts(blob):
        yield part, file.read(part.size)


def _unpacked(work: tuple[Part, bytes]) -> tuple[bytes, bytes | memoryview]:
    part, data = work
    return data, unpack_part(part, data)
