"""Channels: named pointers to versions, moved by compare-and-swap so that no move is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

import obstore
from filelock import FileLock
from obstore.exceptions import AlreadyExistsError, PreconditionError

from coldpress.errors import StoreError, UsageError
from coldpress.signing import check_trusted
from coldpress.store_errors import store_errors
from coldpress.stores import connect
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.pointers import CHANNEL_NAME, Channel, ChannelMove, ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .claims import is_there
from .versions import actor, models

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = [
    "ChannelState",
    "channels_of",
    "check_channel",
    "list_channels",
    "point",
    "promote",
    "rollback",
]

Action = Literal["publish", "promote", "rollback"]
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


def promote(source: ModelUri, channel: str) -> ChannelState:
    """Point a channel to a published version.

    Args:
        source: The version, pinned or by another channel.
        channel: The channel to move; it is made if there is none.

    Raises:
        SignatureError: There is a trusted key, and the version is not signed by it.
        StoreError: The version is not in the store, or somebody else moved the channel meanwhile.
    """
    target = ModelUri(root=source.root, name=source.name, channel=check_channel(channel))
    store = connect(source.root)
    with store_errors(source.root):
        pinned = resolve(store, source)
        for blob in fetch_manifest(store, pinned).blobs:
            obstore.head(store, pinned.blob_path(blob.path))
        check_trusted(store, pinned)
    return point(store, target, pinned.digest, "promote")


def rollback(target: ModelUri) -> ChannelState:
    """Point a channel back to the version before; rolling back again goes further back.

    Raises:
        UsageError: The URI names no channel.
        SignatureError: There is a trusted key, and the version before is not signed by it.
        StoreError: There is nothing to go back to, or somebody else moved the channel meanwhile.
    """
    if not target.channel:
        raise UsageError(f"{target} is pinned; a rollback moves a channel, such as STORE/NAME@live")
    store = connect(target.root)
    with store_errors(target.root):
        if _read(store, target.channel_path, local=False)[0] is None:
            raise StoreError(
                f"there is no channel {target}; coldpress channels lists those there are"
            )
    return _moved(store, target, lambda channel: _back(store, target, channel))


def point(store: ObjectStore, target: ModelUri, version: str, action: Action) -> ChannelState:
    """Point a channel to a version that is known to be there; a no-op where it points already."""

    def move(channel: Channel | None) -> Channel:
        if channel is not None and channel.version == version:
            return channel
        step = _move(version, action)
        return channel.moved(step) if channel else Channel(moves=(step,))

    return _moved(store, target, move)


def list_channels(root: str) -> list[ChannelState]:
    """Every channel of every model in a store, by model and channel name."""
    store = connect(root)
    with store_errors(root):
        found = [state for model in models(store) for state in channels_of(store, root, model)]
    return sorted(found, key=lambda state: str(state.uri))


def channels_of(store: ObjectStore, root: str, model: str) -> list[ChannelState]:
    """Every channel of a model."""
    return [
        ChannelState(
            uri=ModelUri(root=root, name=model, channel=_stem(entry["path"])),
            channel=_fetched(store, entry["path"]),
        )
        for entry in obstore.list_with_delimiter(store, f"{model}/channels")["objects"]
        if entry["path"].endswith(".json")
    ]


def check_channel(name: str) -> str:
    """The name itself, if it is one that a channel may have; `UsageError` otherwise."""
    if not CHANNEL_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r:.80} is no channel's name: use at most 32 lower-case letters, digits and -, "
            "the first a letter and the last no -, such as live or canary"
        )
    return name


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


def _fetched(store: ObjectStore, path: str) -> Channel:
    return _parsed(path, bytes(obstore.get(store, path).bytes()))


def _parsed(path: str, data: bytes) -> Channel:
    try:
        return Channel.from_bytes(data)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error


def _back(store: ObjectStore, target: ModelUri, channel: Channel | None) -> Channel:
    if channel is None or channel.previous is None:
        raise StoreError(
            f"{target} has nothing to go back to: no earlier version is left in its history"
        )
    pinned = target.pinned(channel.previous)
    if not is_there(store, pinned.manifest_path):
        raise StoreError(
            f"the version before, sha256:{pinned.digest}, was deleted; coldpress promote points "
            f"{target} to another one"
        )
    check_trusted(store, pinned)
    return channel.moved(_move(channel.previous, "rollback"))


def _move(version: str, action: Action) -> ChannelMove:
    return ChannelMove(
        version=version,
        action=action,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        by=actor(),
    )


def _moved(
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


def _undo(store: ObjectStore, target: ModelUri, moved: Channel) -> None:
    """Take back a channel's last move, unless somebody has moved it on."""
    if len(moved.moves) > 1:
        before = Channel(moves=moved.moves[:-1])
        _swap(store, target, lambda now: before if now is None or now == moved else now)
        return
    with store_errors(target.root), _exclusive(target):
        if _read(store, target.channel_path, local=True)[0] == moved:
            obstore.delete(store, target.channel_path)


def _swap(
    store: ObjectStore, target: ModelUri, change: Callable[[Channel | None], Channel]
) -> ChannelState:
    """Read, change and write back, only if nobody wrote in between."""
    path = target.channel_path
    with store_errors(target.root), _exclusive(target):
        before, mode = _read(store, path, local=target.root.startswith("file://"))
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


def _read(store: ObjectStore, path: str, *, local: bool) -> tuple[Channel | None, obstore.PutMode]:
    """The channel, and the put mode that succeeds only if it is still the same."""
    try:
        result = obstore.get(store, path)
    except FileNotFoundError:
        return None, "create"
    channel = _parsed(path, bytes(result.bytes()))
    if local:  # obstore's local store has no conditional update; a file lock stands in
        return channel, "overwrite"
    update: obstore.UpdateVersion = {"e_tag": result.meta["e_tag"]}
    if (version := result.meta["version"]) is not None:
        update["version"] = version
    return channel, update


@contextmanager
def _exclusive(target: ModelUri) -> Iterator[None]:
    if not target.root.startswith("file://"):
        yield
        return
    root = Path(unquote(urlsplit(target.root).path))
    folder = (root / target.channel_path).parent
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{target.channel}.lock", timeout=_LOCK_SECONDS):
        yield
