"""A large blob from the store into its place: several parts under way at once, in native threads.

Reading, hashing, decompressing and writing all release the interpreter's lock, so the parts overlap
each other, and the imports of the main thread. No more than one part a stream is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from .artifact import Blob
from .store import read_range
from .unpacking import Part, parts, twice, unpacked_pieces

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Sink", "transfer"]

# Takes unpacked bytes and the offset at which they belong, called from several threads. What is
# fetched again is handed over again.
Sink = Callable[[bytes | memoryview, int], Any]


def transfer(store: ObjectStore, path: str, blob: Blob, sink: Sink, *, streams: int) -> None:
    """Read a blob's parts, checking each as it arrives, into a sink.

    Args:
        store: Where the blob lies.
        path: Its path below the store's prefix.
        blob: What it is.
        sink: Where the unpacked parts go, in no particular order.
        streams: How many parts may be under way at once, at least 1.

    Raises:
        ModelUnavailable: It can't be read; `code` is ``not_found``, ``denied`` or ``store``.
        IntegrityError: A part is not what the manifest promises, twice in a row.
        OSError: The sink can't take a part.
    """
    work = _Work(blob, lambda part: _move(store, path, part, sink))
    threads = _started(work, streams - 1)
    work.run()
    for thread in threads:
        thread.join()
    if work.error is not None:
        raise work.error


def _started(work: _Work, count: int) -> list[Thread]:
    """So many streams beside this one; fewer where the system gives no more threads."""
    threads: list[Thread] = []
    with suppress(RuntimeError):
        for number in range(count):
            thread = Thread(target=work.run, name=f"stream-{number}", daemon=True)
            thread.start()
            threads.append(thread)
    return threads


class _Work:
    """The parts still to do, shared by the streams; the first error stops them all."""

    def __init__(self, blob: Blob, do: Callable[[Part], None]) -> None:
        self._parts: Iterator[Part] = parts(blob)
        self._lock = Lock()
        self._do = do
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while part := self._next():
                self._do(part)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self.error = self.error or error

    def _next(self) -> Part | None:
        with self._lock:
            return None if self.error else next(self._parts, None)


def _move(store: ObjectStore, path: str, part: Part, sink: Sink) -> None:
    def attempt() -> None:
        start = part.unpacked_start
        for piece in unpacked_pieces(part, read_range(store, path, part.start, part.size)):
            sink(piece, start)
            start += len(piece)

    twice(attempt)
