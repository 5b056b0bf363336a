"""Channels: named pointers to versions, moved by compare-and-swap so that no move is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import obstore

from coldpress.errors import StoreError, UsageError
from coldpress.signing import check_trusted
from coldpress.store_errors import store_errors
from coldpress.stores import connect
from coldpress_runtime.pointers import CHANNEL_NAME, Channel, ChannelMove, ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .claims import is_there
from .moving import ChannelState, moved, parsed, read
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
        if read(store, target.channel_path, local=False)[0] is None:
            raise StoreError(
                f"there is no channel {target}; coldpress channels lists those there are"
            )
    return moved(store, target, lambda channel: _back(store, target, channel))


def point(store: ObjectStore, target: ModelUri, version: str, action: Action) -> ChannelState:
    """Point a channel to a version that is known to be there; a no-op where it points already."""

    def move(channel: Channel | None) -> Channel:
        if channel is not None and channel.version == version:
            return channel
        step = _move(version, action)
        return channel.moved(step) if channel else Channel(moves=(step,))

    return moved(store, target, move)


def list_channels(root: str) -> list[ChannelState]:
    """Every channel of every model in a store, by model and channel name."""
    store = connect(root)
    with store_errors(root):
        found = [
            state for model in models(store, root) for state in channels_of(store, root, model)
        ]
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
    return parsed(path, bytes(obstore.get(store, path).bytes()))


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
