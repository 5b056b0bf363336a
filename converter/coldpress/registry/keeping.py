"""Which of a model's versions stay, and why: what channels name, and what is young."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from coldpress_runtime.pointers import Channel

from .channels import ChannelState, channels_of
from .claims import Place
from .conditional import folder_of
from .versions import StoredVersion, manifest_of, versions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Model", "judged"]

_UNFINISHED = "a publish that was broken off, or is under way"
_NOT_WHOLE = "its manifest is gone: publish it again"


@dataclass(frozen=True, slots=True)
class Model:
    """A model in a store, and what is to stay of it."""

    store: ObjectStore
    root: str
    name: str
    keep: int
    before: datetime

    def place(self, version: StoredVersion) -> Place:
        """Where a version has its manifest."""
        return Place(
            store=self.store,
            path=manifest_of(self.root, self.name, version.digest),
            local=folder_of(self.root) is not None,
        )

    def named(self) -> dict[str, str]:
        """Why a version is to stay, by digest, of those that a channel names."""
        reasons: dict[str, str] = {}
        for state in channels_of(self.store, self.root, self.name):
            for version, reason in _named_by(state, self.keep):
                reasons.setdefault(version, reason)
        return reasons


def judged(model: Model) -> list[tuple[StoredVersion, str]]:
    """Each version, and why it is to stay; nothing where it is to go."""
    named = model.named()
    return [
        (version, _named(version, named) or _too_young(version, model.before))
        for version in versions(model.store, model.name)
    ]


def _named_by(state: ChannelState, keep: int) -> Iterator[tuple[str, str]]:
    channel, name = state.channel, state.uri.channel
    yield channel.version, f"{name} points to it"
    if channel.previous is not None:
        yield channel.previous, f"a rollback of {name} goes to it"
    for version in _latest(channel, keep):
        yield version, f"one of the latest {keep} of {name}"


def _latest(channel: Channel, count: int) -> list[str]:
    """The versions that a channel pointed to, the latest first, each once."""
    distinct = dict.fromkeys(move.version for move in reversed(channel.moves))
    return list(distinct)[:count]


def _named(version: StoredVersion, named: Mapping[str, str]) -> str:
    reason = named.get(version.digest, "")
    return reason if version.complete or not reason else f"{reason}; {_NOT_WHOLE}"


def _too_young(version: StoredVersion, before: datetime) -> str:
    if version.modified <= before:
        return ""
    return "too young" if version.complete else _UNFINISHED
