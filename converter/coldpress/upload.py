"""Writing a file to a store once: never over another, and never whole in memory if it is large."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError

from .errors import BundleError, StoreError
from .quiet import unheard

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["put_new", "upload"]

# S3 takes 5 GB in one request; what is larger than this is written in parts.
_LARGEST_WHOLE = 32 * 1024**2
_PART_BYTES = 16 * 1024**2
_PARTS_AT_ONCE = 4


def upload(  # noqa: PLR0913 - all but two have to be named
    store: ObjectStore,
    path: str,
    file: Path,
    *,
    size: int,
    sha256: str,
    largest_whole: int = _LARGEST_WHOLE,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write a file to a store, unless the same is there.

    A small one is created in one request, which the store refuses if the object has come meanwhile.
    A large one goes in parts, for which stores know no such condition: of two who write it at once,
    both write the same bytes, since what is written is checked against the digest.

    Args:
        store: Where to.
        path: The object's path below the store's prefix.
        file: The file.
        size: Its length in bytes.
        sha256: Its digest.
        largest_whole: Length up to which it is written in one request.
        progress: Called with the number of bytes that are read so far, if it goes in parts.

    Returns:
        How many bytes were written: all or none.

    Raises:
        StoreError: Another object is there.
        BundleError: The file is not what it was when its bundle was opened; nothing is written.
    """
    if _is_there(store, path, size, sha256):
        return 0
    if size > largest_whole:
        _put_parts(store, path, _pieces(file, sha256, progress or unheard))
        return size
    try:
        data = b"".join(_pieces(file, sha256))
        obstore.put(store, path, data, mode="create", use_multipart=False)
    except AlreadyExistsError:  # somebody publishes the same bundle at this moment
        if not _is_there(store, path, size, sha256):
            raise StoreError(f"{path} came and went while it was written; publish again") from None
        return 0
    return size


def put_new(store: ObjectStore, path: str, data: bytes) -> int:
    """Write a small object unless there is one, whatever that one holds.

    Returns:
        How many bytes were written: all or none.
    """
    try:
        obstore.put(store, path, data, mode="create", use_multipart=False)
    except AlreadyExistsError:
        return 0
    return len(data)


def _put_parts(store: ObjectStore, path: str, pieces: Iterator[bytes]) -> None:
    # What an iterator raises, even at its end, has obstore take back the parts that are written.
    obstore.put(
        store,
        path,
        pieces,
        use_multipart=True,
        chunk_size=_PART_BYTES,
        max_concurrency=_PARTS_AT_ONCE,
    )


def _is_there(store: ObjectStore, path: str, size: int, sha256: str) -> bool:
    """Whether the object is there already, byte for byte; `StoreError` if it is another one."""
    try:
        found = obstore.get(store, path)
    except FileNotFoundError:
        return False
    if found.meta["size"] != size or _digest(found) != sha256:
        raise StoreError(
            f"{path} is in the store with other bytes than the bundle's: it was altered; "
            "delete that version and publish again"
        )
    return True


def _digest(found: obstore.GetResult) -> str:
    digest = hashlib.sha256()
    for piece in found.stream(min_chunk_size=_PART_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: Path, sha256: str, progress: Callable[[int], None] = unheard) -> Iterator[bytes]:
    digest, done = hashlib.sha256(), 0
    with file.open("rb") as opened:
        while piece := opened.read(_PART_BYTES):
            digest.update(piece)
            done += len(piece)
            progress(done)
            yield piece
    if digest.hexdigest() != sha256:
        raise BundleError(f"{file} was altered since its bundle was opened; export the model again")
