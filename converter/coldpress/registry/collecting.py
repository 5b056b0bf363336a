"""Deleting versions that nobody names any more, beside people who publish and promote.

Those hold no lock. A version ends with its manifest, which a claim replaces first; if a channel has
come to name it meanwhile, the manifest is put back. Who moves a channel looks afterwards whether
the version is still there. So of the two, one notices the other, whatever the order. What is left
of a version is deleted by who has claimed it, which nobody can once it is published again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore

from coldpress.errors import UsageError
from coldpress.quiet import unheard
from coldpress.store_errors import store_errors
from coldpress.stores import connect, store_url
from coldpress_runtime.pointers import Channel

from .channels import ChannelState, channels_of
from .claims import Claim, Place
from .conditional import folder_of
from .lease import Busy, lease
from .partials import sweep
from .versions import StoredVersion, asked_models, log_deletion, manifest_of, versions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Collected", "Kept", "collect"]

_KEEP = 5
_MIN_DAYS = 7
# None of its requests is to take longer than the lease lasts.
_REQUEST_SECONDS = 60
_UNFINISHED = "a publish that was broken off, or is under way"
_NOT_WHOLE = "its manifest is gone: publish it again"
_MEANWHILE = "published, or deleted by somebody else, by now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version that stays.

    Attributes:
        version: Its digest.
        reason: Why.
    """

    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of a model's versions.

    Attributes:
        model: The model's name.
        deleted: The versions that were deleted, or would be.
        kept: Those that stay.
        busy: Why nothing was done, where somebody else deletes at this moment; else empty.
    """

    model: str
    deleted: tuple[StoredVersion, ...]
    kept: tuple[Kept, ...]
    busy: str = ""


def collect(  # noqa: PLR0913 - the command line's options, each with a default
    store: str,
    *,
    only: Sequence[str] = (),
    keep: int = _KEEP,
    min_days: int = _MIN_DAYS,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[Collected]:
    """Delete the versions that no channel names, nor has named lately, and that are old enough.

    Of each channel the version that it points to stays, the `keep` latest that it pointed to, and
    the one that a rollback goes to. What a publish has left unfinished goes, too, once it is old.
    Each deletion is logged in the store.

    Args:
        store: URL or path.
        only: Names of the models to look at; all of them without.
        keep: How many versions of a channel's history stay, at least 1.
        min_days: Days that must have passed since a version was written.
        dry_run: Only say what would be done.
        progress: Called with what is about to be done.

    Returns:
        What became of each model's versions, by name.

    Raises:
        UsageError: A number is too small, or there is no such model.
        StoreError: The store can't be read, what is to go can't be deleted, or another `gc` has
            begun while this one was held up.
    """
    if keep < 1 or min_days < 0:
        raise UsageError("keep at least 1 version of a channel, and for no less than 0 days")
    root, tell = store_url(store), progress or unheard
    remote = connect(root, seconds=_REQUEST_SECONDS)
    before = datetime.now(UTC) - timedelta(days=min_days)
    with store_errors(root):
        names = asked_models(remote, root, only)
        found = [_Model(remote, root, name, keep, before) for name in names]
        return [_unless_busy(model, dry_run=dry_run, progress=tell) for model in found]


@dataclass(frozen=True, slots=True)
class _Model:
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


def _unless_busy(model: _Model, *, dry_run: bool, progress: Callable[[str], None]) -> Collected:
    """What became of a model's versions; of one that somebody else collects, that it is so."""
    try:
        return _collected(model, dry_run=dry_run, progress=progress)
    except Busy as error:
        return Collected(model=model.name, deleted=(), kept=(), busy=str(error))


def _collected(model: _Model, *, dry_run: bool, progress: Callable[[str], None]) -> Collected:
    progress(f"Looking at {model.name}")
    if dry_run:
        return _sorted_out(model, _judged(model))
    with lease(model.store, model.root, model.name) as still_held:
        ended = [
            (version, _ended(model, version, reason, still_held, progress))
            for version, reason in _judged(model)
        ]
        sweep(model.root, model.name, model.before)
    return _sorted_out(model, ended)


def _judged(model: _Model) -> list[tuple[StoredVersion, str]]:
    """Each version, and why it is to stay; nothing where it is to go."""
    named = model.named()
    return [
        (version, _named(version, named) or _too_young(version, model.before))
        for version in versions(model.store, model.name)
    ]


def _sorted_out(model: _Model, ended: Iterable[tuple[StoredVersion, str]]) -> Collected:
    """Which versions went and which stay."""
    ended = tuple(ended)
    return Collected(
        model=model.name,
        deleted=tuple(version for version, reason in ended if not reason),
        kept=tuple(Kept(version=version.digest, reason=why) for version, why in ended if why),
    )


def _named(version: StoredVersion, named: Mapping[str, str]) -> str:
    reason = named.get(version.digest, "")
    return reason if version.complete or not reason else f"{reason}; {_NOT_WHOLE}"


def _too_young(version: StoredVersion, before: datetime) -> str:
    if version.modified <= before:
        return ""
    return "too young" if version.complete else _UNFINISHED


def _ended(
    model: _Model,
    version: StoredVersion,
    reason: str,
    still_held: Callable[[], None],
    progress: Callable[[str], None],
) -> str:
    """Delete a version that is to go; if it stays, why."""
    place = model.place(version)
    if not reason:
        progress(f"Deleting {model.name}@sha256:{version.digest[:12]}")
        return _deleted(model, version, place, still_held)
    if not version.complete:  # nobody could publish it again beside a claim that was abandoned
        still_held()
        if place.claim_abandoned():
            _delete((place.path,), model, still_held)
    return reason


def _deleted(
    model: _Model, version: StoredVersion, place: Place, still_held: Callable[[], None]
) -> str:
    still_held()
    if not version.complete:
        if not place.claim_leftovers():
            return _MEANWHILE
        log_deletion(model.store, model.name, version)
    elif (claim := place.claim_version()) is None:
        return _MEANWHILE
    elif reason := _saved(model, version, claim, still_held):
        return reason
    others = (path for path in version.objects if path != place.path)
    _delete((*others, place.path), model, still_held)
    return ""


def _saved(
    model: _Model, version: StoredVersion, claim: Claim, still_held: Callable[[], None]
) -> str:
    """Log a deletion; why it is not to be, where a channel has come to name the version."""
    try:
        if not (reason := model.named().get(version.digest)):
            still_held()
            log_deletion(model.store, model.name, version)
            return ""
    except BaseException:  # whatever it is, no file is gone yet
        claim.give_back()
        raise
    return f"{reason} by now" if claim.give_back() else _MEANWHILE


def _delete(paths: Iterable[str], model: _Model, still_held: Callable[[], None]) -> None:
    for path in paths:
        still_held()
        with suppress(FileNotFoundError):  # S3 says nothing of what is gone already
            obstore.delete(model.store, path)
