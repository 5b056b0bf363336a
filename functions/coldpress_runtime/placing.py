"""Where a large blob goes: a file that can be mapped, or memory where there is no room for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .artifact import Blob
from .scratch import Scratch, keep, release
from .transfer import transfer

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Placed", "place"]


class Placed(NamedTuple):
    """A blob where it can be used.

    Attributes:
        content: The file that holds it, or its bytes.
        note: Why it is not in a file; empty if it is.
    """

    content: Path | memoryview
    note: str = ""


def place(  # noqa: PLR0913 - what, from where, to where
    store: ObjectStore, path: str, blob: Blob, *, name: str, scratch: str, streams: int
) -> Placed:
    """Bring a blob where it can be used, each part checked as it arrives.

    Args:
        store: Where the blob lies.
        path: Its path below the store's prefix.
        blob: What it is.
        name: The file's name.
        scratch: Directory for it.
        streams: How many parts may be under way at once.

    Returns:
        The file, which stays until `scratch.release`; or the bytes if no file can be written there.

    Raises:
        ModelUnavailable: The blob can't be read; `code` is ``not_found``, ``denied`` or ``store``.
        IntegrityError: A part is not what the manifest promises, twice in a row.
    """
    keep(blob)
    try:
        return Placed(_in_file(Scratch(scratch), store, path, blob, name=name, streams=streams))
    except OSError as error:
        release(blob)
        note = f"{blob.path} is held in memory, not in {scratch}: {error.strerror or error}"
        return Placed(_in_memory(store, path, blob, streams), note)
    except BaseException:
        release(blob)
        raise


def _in_file(  # noqa: PLR0913 - as `place`
    files: Scratch, store: ObjectStore, path: str, blob: Blob, *, name: str, streams: int
) -> Path:
    if found := files.find(blob, name):
        return found
    with files.draft(blob, name) as draft:
        transfer(store, path, blob, draft.write, streams=streams)
    return files.path(blob, name)


def _in_memory(store: ObjectStore, path: str, blob: Blob, streams: int) -> memoryview:
    memory = memoryview(bytearray(blob.unpacked_size))

    def sink(data: bytes | memoryview, start: int) -> None:
        memory[start : start + len(data)] = data

    transfer(store, path, blob, sink, streams=streams)
    return memory
