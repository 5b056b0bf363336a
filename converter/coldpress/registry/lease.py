"""One `gc` of a model at a time: two would take each other's claims for what is left of a publish.

Beside publishing and promoting `gc` needs no lock; beside another `gc` it has this one. In a
directory it is a file's lock, which goes with its process. In object storage it is an object with a
body of its holder's own, which changes hands by compare-and-swap alone, and lapses if its holder
has not renewed it for a while. A holder renews it before it deletes, so that who was held up for
longer than it lasts notices that somebody else has taken it.

What is left is a deletion that is carried out long after that look, when another holder has deleted
the version and somebody has published it again. S3 carries out no request that was signed more than
a quarter of an hour before, by clocks that differ by no more than that, and obstore signs a request
once, however often it sends it: a lease that lasts an hour outlives every deletion that was on its
way. So in S3 that takes a process that stands still for an hour between two of its statements, the
look and the signature; where requests are not dated (tokens of Google Cloud and Azure), one that
stands still within a request will do. Publishing the version again mends what it did.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from filelock import FileLock, Timeout
from obstore.exceptions import AlreadyExistsError, PreconditionError

from coldpress.errors import StoreError, printable

from .conditional import folder_of, unchanged
from .versions import actor

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Busy", "lease"]

_NAME = "gc.json"
_LASTS = timedelta(hours=1)
_RENEWED_AFTER_SECONDS = 20.0


@contextmanager
def lease(store: ObjectStore, root: str, model: str) -> Iterator[Callable[[], None]]:
    """Be the only one who deletes versions of a model, while it lasts.

    Args:
        store: Where the model lies.
        root: The store's URL.
        model: The model's name.

    Yields:
        To be called before each deletion; it raises a `StoreError` where the lease was lost.

    Raises:
        Busy: Somebody else deletes at this moment.
    """
    if folder := folder_of(root):
        with _locked(folder, model):
            yield _nothing
        return
    held = _Held(store, f"{model}/{_NAME}")
    held.take(model)
    try:
        yield held.renew
    finally:
        held.give_back()


@contextmanager
def _locked(folder: Path, model: str) -> Iterator[None]:
    try:
        with FileLock(folder / model / ".gc.lock", timeout=0):
            yield
    except Timeout as error:
        raise Busy(f"another coldpress gc of {model} is under way; wait for it") from error


class Busy(StoreError):
    """Somebody else holds the lease."""


class _Held:
    """The object that is the lease, in the hands of this process."""

    def __init__(self, store: ObjectStore, path: str) -> None:
        self._store = store
        self._path = path
        self._renewed = 0.0
        self._version: obstore.UpdateVersion = {}

    def take(self, model: str) -> None:
        """Make it, or take it over once it has lapsed."""
        try:
            self._put("create")
        except AlreadyExistsError as error:
            try:
                found = obstore.get(self._store, self._path)
                if datetime.now(UTC) - found.meta["last_modified"] <= _LASTS:
                    raise Busy(_told(model, bytes(found.bytes()))) from error
                self._put(unchanged(found.meta))
            except (FileNotFoundError, PreconditionError) as later:
                raise Busy(_told(model, b"")) from later

    def renew(self) -> None:
        """Write it anew, if it was not just now; whoever has taken it over is noticed."""
        # Not the monotonic clock, which stands still while a machine sleeps.
        if abs(time.time() - self._renewed) < _RENEWED_AFTER_SECONDS:
            return
        try:
            self._put(self._version)
        except (FileNotFoundError, PreconditionError) as error:
            raise StoreError(
                "this coldpress gc was held up, and another one has begun; nothing more is deleted "
                "here: run it again"
            ) from error

    def give_back(self) -> None:
        """Delete it, if it is this process's still; who can't lets it lapse."""
        with suppress(Exception):
            self._renewed = 0.0
            self.renew()
            obstore.delete(self._store, self._path)

    def _put(self, mode: obstore.PutMode) -> None:
        document = {"by": actor(), "id": uuid.uuid4().hex}
        data = f"{json.dumps(document)}\n".encode()
        self._version = unchanged(
            obstore.put(self._store, self._path, data, mode=mode, use_multipart=False)
        )
        self._renewed = time.time()


def _nothing() -> None:
    """A file's lock is never lost."""


def _told(model: str, holder: bytes) -> str:
    try:
        by = f", by {printable(str(json.loads(holder)['by']))}"
    except (ValueError, LookupError, TypeError):
        by = ""
    return (
        f"another coldpress gc of {model} is under way{by}; wait for it, or, if it was killed, for "
        "an hour"
    )
