"""Stored bytes to the bytes they stand for, each part checked against the manifest first.

A blob is one whole, or a row of frames that are independent of each other: any of them can be
checked and decompressed as it arrives, in whatever order that is.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from .artifact import Blob
from .errors import IntegrityError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["Part", "expect", "parts", "twice", "unpack", "unpack_part", "unpacked_pieces"]

_Read = TypeVar("_Read")

# A frame may not ask for more than 128 MiB of window (2**27 bytes), whatever it says.
_WINDOW_LOG_MAX = 27
# What is fed to zstd at a time. Whole frames of megabytes would each be unpacked into fresh memory,
# and to have the kernel clear that takes longer than to decompress.
_PIECE_BYTES = 128 * 1024


class Part(NamedTuple):
    """A frame of a blob, or the whole of it, and where it belongs.

    Attributes:
        path: The blob's file name, for errors.
        compression: ``zstd`` or ``none``.
        start: Offset of the first byte as stored.
        size: Length in bytes as stored.
        sha256: Digest of the stored bytes.
        unpacked_start: Offset of the first byte once decompressed.
        unpacked_size: Length in bytes once decompressed.
    """

    path: str
    compression: str
    start: int
    size: int
    sha256: str
    unpacked_start: int
    unpacked_size: int


def parts(blob: Blob) -> Iterator[Part]:
    """A blob's frames in order; the blob itself where it has none."""
    start = unpacked_start = 0
    for frame in blob.frames or (blob,):
        yield Part(
            path=blob.path,
            compression=blob.compression,
            start=start,
            size=frame.size,
            sha256=frame.sha256,
            unpacked_start=unpacked_start,
            unpacked_size=frame.unpacked_size,
        )
        start += frame.size
        unpacked_start += frame.unpacked_size


def unpack(blob: Blob, data: bytes) -> bytes:
    """The whole of a blob, from its stored bytes.

    Raises:
        IntegrityError: A length or digest differs from the blob's, or a frame is broken.
    """
    expect(len(data) == blob.size, blob.path)
    stored = memoryview(data)
    unpacked = b"".join(
        unpack_part(part, stored[part.start : part.start + part.size]) for part in parts(blob)
    )
    expect(hashlib.sha256(unpacked).hexdigest() == blob.unpacked_sha256, blob.path)
    return unpacked


def unpack_part(part: Part, data: bytes | memoryview) -> bytes:
    """One part of a blob, from its stored bytes; raises as `unpacked_pieces` does."""
    return b"".join(unpacked_pieces(part, data))


def unpacked_pieces(part: Part, data: bytes | memoryview) -> Iterator[bytes | memoryview]:
    """One part of a blob, from its stored bytes, piece by piece.

    The digest of the stored bytes fixes the unpacked ones, so only those are hashed, all of them
    before the first is decompressed.

    Raises:
        IntegrityError: The length or the digest differs from the part's, or it is no sound frame.
    """
    expect(len(data) == part.size, part.path)
    expect(hashlib.sha256(data).hexdigest() == part.sha256, part.path)
    if part.compression == "none":
        expect(part.unpacked_size == part.size, part.path)
        yield data
    else:
        yield from _decompressed(memoryview(data), part)


def expect(condition: bool, path: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raise `IntegrityError` unless the condition holds."""
    if not condition:
        raise IntegrityError(f"{path} is not what the manifest promises: altered or truncated")


def twice(attempt: Callable[[], _Read]) -> _Read:
    """One refetch where the bytes were not the promised ones, then the error."""
    try:
        return attempt()
    except IntegrityError:
        return attempt()


def _decompressed(data: memoryview, part: Part) -> Iterator[bytes]:
    options: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    decompressor = zstd.ZstdDecompressor(options=options)
    left = part.unpacked_size
    try:
        for start in range(0, len(data), _PIECE_BYTES):
            piece = decompressor.decompress(data[start : start + _PIECE_BYTES], max_length=left + 1)
            left -= len(piece)
            expect(left >= 0, part.path)
            yield piece
    except zstd.ZstdError as error:
        raise IntegrityError(f"{part.path} is no sound zstd frame: {error}") from error
    except EOFError:  # there are bytes after the frame
        left = -1
    expect(left == 0 and decompressor.eof and not decompressor.unused_data, part.path)
