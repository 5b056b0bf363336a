"""A channel that moves: written on condition, and taken back if its version is being deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from filelock import FileLock
from obstore.exceptions import AlreadyExistsError, PreconditionError

from coldpress.errors import StoreError
from coldpress.store_errors import store_errors
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.pointers import Channel, ModelUri

from .claims import is_there
from .conditional import folder_of, unchanged

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["ChannelState", "moved", "parsed", "read"]

_LOCK_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """A channel as it stands.

    Attributes:
        uri: The channel's own URI.
        channel: Its version and every move it made.
        moved: Whether the call that returns this moved it.
    """

    uri: ModelUri
    channel: Channel
    moved: bool = False

    @property
    def pinned(self) -> ModelUri:
        """The pinned URI of the version that the channel points to."""
        return self.uri.pinned(self.channel.version)


def moved(
    store: ObjectStore, target: ModelUri, change: Callable[[Channel | None], Channel]
) -> ChannelState:
    """Move a channel, and look whether somebody deleted the version at that moment."""
    state = _swap(store, target, change)
    with store_errors(target.root):
        if is_there(store, state.pinned.manifest_path):
            return state
    if state.moved:
        _undo(store, target, state.channel)
    raise StoreError(
        f"sha256:{state.channel.version} was deleted at the same moment, so that {target} does not "
        "move to it; publish it again, then try again"
    )


def read(store: ObjectStore, path: str, *, local: bool) -> tuple[Channel | None, obstore.PutMode]:
    """The channel, and the put mode that succeeds only if it is still the same."""
    try:
        result = obstore.get(store, path)
    except FileNotFoundError:
        return None, "create"
    channel = parsed(path, bytes(result.bytes()))
    if local:  # obstore's local store has no conditional update; a file lock stands in
        return channel, "overwrite"
    return channel, unchanged(result.meta)


def parsed(path: str, data: bytes) -> Channel:
    """A channel from its file's bytes; the error names the file."""
    try:
        return Channel.from_bytes(data)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error


def _undo(store: ObjectStore, target: ModelUri, done: Channel) -> None:
    """Take back a channel's last move, unless somebody has moved it on."""
    if len(done.moves) > 1:
        before = Channel(moves=done.moves[:-1])
        _swap(store, target, lambda now: before if now is None or now == done else now)
        return
    with store_errors(target.root), _exclusive(target):
        if read(store, target.channel_path, local=True)[0] == done:
            obstore.delete(store, target.channel_path)


def _swap(
    store: ObjectStore, target: ModelUri, change: Callable[[Channel | None], Channel]
) -> ChannelState:
    """Read, change and write back, only if nobody wrote in between."""
    path = target.channel_path
    with store_errors(target.root), _exclusive(target):
        before, mode = read(store, path, local=folder_of(target.root) is not None)
        after = change(before)
        if after is not before:
            try:
                obstore.put(store, path, after.to_bytes(), mode=mode, use_multipart=False)
            except (PreconditionError, AlreadyExistsError) as error:
                raise StoreError(
                    f"somebody else moved {target} at the same moment and this move was not made; "
                    "look at it with coldpress channels, then try again"
                ) from error
    return ChannelState(uri=target, channel=after, moved=after is not before)


@contextmanager
def _exclusive(target: ModelUri) -> Iterator[None]:
    if (root := folder_of(target.root)) is None:
        yield
        return
    folder = (root / target.channel_path).parent
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{target.channel}.lock", timeout=_LOCK_SECONDS):
        yield
