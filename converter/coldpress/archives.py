"""Zip archives from elsewhere, checked by their table of contents before a library unpacks them.

Python's own reader never gives more of a member than that table says, so its figures bound what
unpacking can take, whatever the compressed data are.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from coldpress.errors import ColdpressError, LoadError

__all__ = ["check_archive", "most_unpacked", "read_member"]

_MOST_MEMBERS = 100_000
# Below, an archive may be as empty inside as it likes: it fits any memory.
_ALWAYS_FINE = 256 * 1024**2
# Deflate packs at most 1032 to 1; numbers from training 2 to 1, a table of mostly zeros 50 to 1.
_MOST_RATIO = 100
_ENCRYPTED = 0x1
# What Python's reader raises on damage; bz2 raises a bare OSError, and a wrong flag RuntimeError.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError),
    *(OverflowError, RuntimeError, KeyError, IndexError, MemoryError),
)


def check_archive(
    source: bytes | Path,
    *,
    name: str,
    otherwise: str = "no zip archive",
    error: type[ColdpressError] = LoadError,
) -> tuple[str, ...]:
    """Refuse an archive that would unpack to far more than it is, or outside its folder.

    Args:
        source: The archive's bytes, or its file.
        name: What to call it in a message.
        otherwise: What it is if it is no archive, such as ``not the archive that Keras 3 writes``.
        error: What to raise: an error of one argument, the message.

    Returns:
        The members' names.

    Raises:
        ColdpressError: Of the class `error`: it is no zip archive, is damaged, unpacks to more
            than a hundred times its size, has a member whose name leaves its folder, is a link,
            is there twice or is encrypted, or has more than a hundred thousand members.
        OSError: The file can't be read.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            members = opened.infolist()
    except _BROKEN as broken:
        raise error(f"{name} is {otherwise}, or is damaged") from broken
    if problem := _problem(members, size):
        raise error(f"{name} {problem}; nothing of it was unpacked")
    return tuple(member.filename for member in members)


def read_member(
    archive: bytes, member: str, *, name: str, error: type[ColdpressError] = LoadError
) -> bytes:
    """A member's content, of an archive that `check_archive` has passed.

    Args:
        archive: The archive's bytes.
        member: The member's name.
        name: What to call the archive in a message.
        error: What to raise: an error of one argument, the message.

    Raises:
        ColdpressError: Of the class `error`: it is not there, or can't be unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return opened.read(member)
    except (*_BROKEN, OSError) as broken:
        raise error(
            f"{name} is damaged: its member {member!r:.80} can't be unpacked; save it again"
        ) from broken


def most_unpacked(size: int) -> int:
    """How many bytes may come of an archive of so many, archives inside it included."""
    return max(_ALWAYS_FINE, _MOST_RATIO * size)


def _problem(members: list[zipfile.ZipInfo], size: int) -> str | None:
    """What is wrong with an archive, as what follows its name in a sentence."""
    if len(members) > _MOST_MEMBERS:
        return f"has {len(members):,} members, and {_MOST_MEMBERS:,} are the most that are read"
    unpacked = sum(member.file_size for member in members)
    # Each by itself, or a bomb could hide beside honest data; and all, as members can overlap.
    if _explodes(unpacked, size) or any(_explodes(m.file_size, m.compress_size) for m in members):
        return f"is {size:,} bytes and would unpack to {unpacked:,}, as a zip bomb does"
    seen: set[str] = set()
    for member in members:
        if fault := _fault(member, seen):
            return f"has a member {member.filename!r:.80} that {fault}"
        seen.add(member.filename)
    return None


def _explodes(unpacked: int, packed: int) -> bool:
    return unpacked > _ALWAYS_FINE and unpacked > _MOST_RATIO * packed


def _fault(member: zipfile.ZipInfo, seen: set[str]) -> str | None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(member.filename).drive:
        return "leaves the archive's folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return "is there twice" if member.filename in seen else None
