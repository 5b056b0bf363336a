"""What happened to a model in a store: every move of its channels, and every deletion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldpress.errors import UsageError
from coldpress.store_errors import store_errors
from coldpress.stores import connect, store_url

from .channels import channels_of
from .versions import asked_models, deletions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Happening", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that was done.

    Attributes:
        at: When, as ISO 8601 in UTC with seconds.
        model: To which model.
        action: ``publish``, ``promote`` or ``rollback`` of a channel, or ``delete``.
        channel: The channel that moved; empty for a deletion.
        version: Digest of the version that the channel pointed to afterwards, or that was deleted.
        by: Who did it; empty where nobody wrote it down.
    """

    at: str
    model: str
    action: str
    channel: str
    version: str
    by: str


def history(store: str, *, model: str = "", channel: str = "") -> list[Happening]:
    """What happened in a store, the latest last.

    Args:
        store: URL or path.
        model: Only of this model.
        channel: Only the moves of this channel.

    Raises:
        UsageError: There is no such model or channel.
        StoreError: The store can't be read.
    """
    root = store_url(store)
    remote = connect(root)
    with store_errors(root):
        found = [
            happening
            for name in asked_models(remote, root, [model] if model else [])
            for happening in _of_model(remote, root, name)
        ]
    if channel:
        found = [happening for happening in found if happening.channel == channel]
        if not found:
            raise UsageError(
                f"there is no channel '{channel:.64}' of {model or 'any model'} in {root}; "
                "coldpress channels lists those there are"
            )
    return sorted(found, key=lambda happening: happening.at)


def _of_model(store: ObjectStore, root: str, model: str) -> Iterator[Happening]:
    for state in channels_of(store, root, model):
        for move in state.channel.moves:
            yield Happening(
                at=move.at,
                model=model,
                action=move.action,
                channel=state.uri.channel,
                version=move.version,
                by=move.by,
            )
    for entry in deletions(store, model):
        yield Happening(
            at=entry.at,
            model=model,
            action="delete",
            channel="",
            version=entry.version,
            by=entry.by,
        )
