"""Large blobs in frames: each can be read, checked and unpacked while others are on their way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from coldpress.parallel import in_order
from coldpress_runtime.artifact import Frame

__all__ = ["Cutting", "Pack", "Written", "write_frames"]

Pack: TypeAlias = Callable[[memoryview], "bytes | memoryview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How blobs are cut into frames; the defaults are what bundles are made with.

    Attributes:
        least_bytes: A blob is cut if it is longer than this.
        frame_bytes: Length of each frame but the last, unpacked. With 8 MiB, weights lose nothing
            to the cuts and trees 1 %, 1 GB comes in 120 requests, and eight of them under way take
            128 MiB of the function's memory.
        threads: How many frames to pack at once; None for as many as there are processors. It
            changes no byte.
    """

    least_bytes: int = 16 * 1024**2
    frame_bytes: int = 8 * 1024**2
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        size: Length in bytes.
        sha256: Digest of all of it.
        unpacked_sha256: Digest of what it was made from.
        frames: Its parts.
    """

    size: int
    sha256: str
    unpacked_sha256: str
    frames: tuple[Frame, ...]


def write_frames(
    data: memoryview,
    path: Path,
    *,
    pack: Pack,
    cutting: Cutting,
    progress: Callable[[float], None],
) -> Written:
    """Write a file frame by frame, packed in threads.

    Args:
        data: What to pack.
        path: File to write.
        pack: Makes the stored bytes of a frame.
        cutting: How long the frames are.
        progress: Called after each frame with the fraction that is done.

    Raises:
        OSError: The file can't be written.
    """
    stored, unpacked, frames = hashlib.sha256(), hashlib.sha256(), []
    pieces = _cut(data, cutting.frame_bytes)

    def packed(piece: memoryview) -> tuple[Frame, memoryview, bytes | memoryview]:
        made = pack(piece)
        digest = hashlib.sha256(made).hexdigest()
        return Frame(size=len(made), unpacked_size=len(piece), sha256=digest), piece, made

    with path.open("wb") as file:
        for frame, piece, made in in_order(packed, pieces, threads=cutting.threads):
            file.write(made)
            stored.update(made)
            unpacked.update(piece)
            frames.append(frame)
            progress(min(1.0, len(frames) * cutting.frame_bytes / len(data)))
    return Written(
        size=sum(frame.size for frame in frames),
        sha256=stored.hexdigest(),
        unpacked_sha256=unpacked.hexdigest(),
        frames=tuple(frames),
    )


def _cut(data: memoryview, length: int) -> Iterator[memoryview]:
    for start in range(0, len(data), length):
        yield data[start : start + length]
