"""Files for what is too large to hold twice: unpacked blobs, named by their content.

A container's `/tmp` outlives its runtime: a file may be whole, half written or altered when it is
found again. So a file has its name only once it is whole, and is hashed before it is used again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Self

from .artifact import Blob

__all__ = ["Draft", "Scratch", "keep", "release"]

_PARTIAL = ".partial"
_PRIVATE = 0o700
# Digests of what this process has open or is about to open: a file that another model swept away
# before then would be missed.
_kept: set[str] = set()


def keep(blob: Blob) -> None:
    """Let a blob's file stay while others are written, until it is released."""
    _kept.add(blob.unpacked_sha256)


def release(blob: Blob) -> None:
    """Let a blob's file give way to others; what a session has mapped, it keeps."""
    _kept.discard(blob.unpacked_sha256)


class Scratch:
    """A private directory for unpacked blobs.

    Args:
        folder: Where to make it, such as ``/tmp``.

    Raises:
        OSError: It can't be made, or somebody else's is in its place.
    """

    def __init__(self, folder: str) -> None:
        self._root = Path(folder) / f"coldpress-{os.getuid()}"
        self._root.mkdir(mode=_PRIVATE, exist_ok=True)
        found = self._root.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        if found.st_uid != os.getuid() or not private:
            raise PermissionError(f"{self._root} is not this user's own directory")

    def path(self, blob: Blob, name: str) -> Path:
        """Where the file that holds a blob is, or would be."""
        return self._place(blob) / name

    def find(self, blob: Blob, name: str) -> Path | None:
        """The file that holds a blob, if it is there and every byte of it is right.

        One that is wrong goes at once: it would take the room of the right one.
        """
        path = self.path(blob, name)
        try:
            if path.stat().st_size == blob.unpacked_size and _digest(path) == blob.unpacked_sha256:
                return path
            path.unlink()
        except OSError:
            return None
        return None

    @contextmanager
    def draft(self, blob: Blob, name: str) -> Iterator[Draft]:
        """A file to write a blob to; it gets its name if nothing goes wrong until the end.

        Whatever else lies here gives way first: an earlier version, or what was left half written
        by a process that is gone.

        Raises:
            OSError: The disk is full or can't be written to.
        """
        self._sweep(blob)
        place = self._place(blob)
        place.mkdir(mode=_PRIVATE, exist_ok=True)
        partial = place / f"{os.getpid()}{_PARTIAL}"
        try:
            with Draft(partial, blob.unpacked_size) as draft:
                yield draft
            partial.replace(self.path(blob, name))
        finally:
            partial.unlink(missing_ok=True)

    def _place(self, blob: Blob) -> Path:
        return self._root / blob.unpacked_sha256

    def _sweep(self, blob: Blob) -> None:
        # What a session has mapped stays there for it, whether it still has a name or not.
        for entry in self._root.iterdir():
            if not entry.is_dir() or entry.is_symlink():
                entry.unlink(missing_ok=True)
            elif not _sweep_partials(entry) and entry.name not in {*_kept, blob.unpacked_sha256}:
                shutil.rmtree(entry, ignore_errors=True)


class Draft:
    """A file that is being written, part by part, by several threads.

    Args:
        path: Where; a file that is there is replaced.
        size: Its length in the end, in bytes.

    Attributes:
        path: Where it is.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        self._lock = Lock()
        try:
            free = os.fstatvfs(self._file)
            if free.f_bavail * free.f_frsize < size:
                raise OSError(errno.ENOSPC, f"there is no room for {size:,} bytes")  # noqa: TRY301
            os.truncate(self._file, size)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, data: bytes | memoryview, start: int) -> None:
        """Write all of the data at an offset."""
        view = memoryview(data)
        # The kernel lets one thread at a time write to a file, and the others would spin.
        with self._lock:
            while view:
                written = os.pwrite(self._file, view, start)
                view, start = view[written:], start + written


def _sweep_partials(folder: Path) -> bool:
    """Remove what gone processes left half written; whether a living one is writing here."""
    living = False
    for partial in folder.glob(f"*{_PARTIAL}"):
        if _alive(partial.name.removesuffix(_PARTIAL)):
            living = True
        else:
            partial.unlink(missing_ok=True)
    return living


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _alive(process: str) -> bool:
    with suppress(OSError, ValueError, OverflowError):
        os.kill(int(process), 0)
        return True
    return False
