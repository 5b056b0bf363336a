"""The stored form of a blob: one zstd frame, or, where it is large, one for each part."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from coldpress.quiet import unheard
from coldpress_runtime.artifact import WEIGHTS_NAME, Blob

from ._frames import Cutting, Pack, Written, write_frames
from .zstandard import pack

__all__ = ["Packed", "pack_blob"]

Role: TypeAlias = Literal["model", "weights"]

_NAMES: dict[Role, str] = {"model": "model.onnx", "weights": WEIGHTS_NAME}
# Frames that give less than 3 % are not worth the function's time: it unpacks 1,000 MB/s a core.
_WORTH_IT = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A part of a model as it is stored.

    Attributes:
        stored: The bytes to store, or the file that holds them.
        blob: What they are, and what they unpack to.
    """

    stored: bytes | Path
    blob: Blob


def pack_blob(
    source: bytes | Path,
    folder: Path,
    *,
    role: Role,
    cutting: Cutting | None = None,
    progress: Callable[[float], None] | None = None,
) -> Packed:
    """Pack a part of a model; the bytes come back as they were.

    Args:
        source: The ONNX file's bytes, or the file with its weights.
        folder: Where a file is written if the result is large, under the blob's name.
        role: What it is.
        cutting: What is cut into frames, and how.
        progress: Called now and then with the fraction that is done, for what is large.

    Raises:
        OSError: The disk is full or can't be written to.
    """
    cutting = cutting or Cutting()
    packs = partial(pack, role=role)
    data = _viewed(source)
    if len(data) <= cutting.least_bytes:
        stored = packs(data)
        return Packed(stored=stored, blob=_whole(role, data, stored))
    write = partial(write_frames, cutting=cutting, progress=progress or unheard)
    blob = _framed(role, data, folder, write, packs)
    return Packed(stored=folder / blob.path, blob=blob)


def _viewed(source: bytes | Path) -> memoryview:
    """The source's bytes; a file is mapped rather than read, for as long as the view is there."""
    if isinstance(source, bytes):
        return memoryview(source)
    with source.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _whole(role: Role, data: memoryview, stored: bytes) -> Blob:
    return Blob(
        role=role,
        path=f"{_NAMES[role]}.zst",
        compression="zstd",
        size=len(stored),
        sha256=hashlib.sha256(stored).hexdigest(),
        unpacked_size=len(data),
        unpacked_sha256=hashlib.sha256(data).hexdigest(),
    )


def _framed(
    role: Role, data: memoryview, folder: Path, write: Callable[..., Written], pack: Pack
) -> Blob:
    path = folder / f"{_NAMES[role]}.zst"
    written = write(data, path, pack=pack)
    compression: Literal["zstd", "none"] = "zstd"
    if written.size > _WORTH_IT * len(data):
        path.unlink()
        path, compression = folder / _NAMES[role], "none"
        written = write(data, path, pack=_as_it_is)
    return Blob(
        role=role,
        path=path.name,
        compression=compression,
        size=written.size,
        sha256=written.sha256,
        unpacked_size=len(data),
        unpacked_sha256=written.unpacked_sha256,
        frames=written.frames,
    )


def _as_it_is(piece: memoryview) -> memoryview:
    return piece
