"""Deleting versions that nobody names any more, beside people who publish and promote.

Those hold no lock. A version ends with its manifest, which goes first; if a channel has come to
name it meanwhile, the manifest is put back. Who moves a channel looks afterwards whether the
version is still there. So of the two, one notices the other, whatever the order. What is left of a
version is deleted by who has claimed it, which nobody can once it is published again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from .claims import claim
from .lease import Busy, lease
from .partials import sweep
from .versions import StoredVersion, log_deletion, manifest_of, models, versions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Collected", "Kept", "collect"]

_KEEP = 5
_MIN_DAYS = 7
# None of its requests is to take longer than the lease lasts.
_REQUEST_SECONDS = 60
_UNFINISHED = "a publish that was broken off, or is under way"


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
        names = models(remote)
        if missing := sorted(set(only) - set(names)):
            raise UsageError(
                f"there is no model '{missing[0]:.64}' in {root}; it has "
                f"{', '.join(names) or 'none'}"
            )
        found = [_Model(remote, root, name, keep, before) for name in (only or names)]
        return [_unless_busy(model, dry_run=dry_run, progress=tell) for model in found]


@dataclass(frozen=True, slots=True)
class _Model:
    """A model in a store, and what is to stay of it."""

    store: ObjectStore
    root: str
    name: str
    keep: int
    before: datetime

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
        return _sorted_out(model, lambda _: "")
    with lease(model.store, model.root, model.name) as still_held:

        def delete(version: StoredVersion) -> str:
            progress(f"Deleting {model.name}@sha256:{version.digest[:12]}")
            return _deleted(model, version, still_held)

        found = _sorted_out(model, delete)
        sweep(model.root, model.name, model.before)
    return found


def _sorted_out(model: _Model, delete: Callable[[StoredVersion], str]) -> Collected:
    """Which versions go and which stay; those that go are given to a function first."""
    named = model.named()
    deleted, kept = [], []
    for version in versions(model.store, model.name):
        reason = named.get(version.digest) or _too_young(version, model.before)
        if reason := reason or delete(version):
            kept.append(Kept(version=version.digest, reason=reason))
        else:
            deleted.append(version)
    return Collected(model=model.name, deleted=tuple(deleted), kept=tuple(kept))


def _too_young(version: StoredVersion, before: datetime) -> str:
    if version.modified <= before:
        return ""
    return "too young" if version.complete else _UNFINISHED


def _deleted(model: _Model, version: StoredVersion, still_held: Callable[[], None]) -> str:
    """Delete a version; if it stays after all, why."""
    manifest = manifest_of(model.root, model.name, version.digest)
    if version.complete:
        data = bytes(obstore.get(model.store, manifest).bytes())
        still_held()
        obstore.delete(model.store, manifest)
        if reason := model.named().get(version.digest):
            obstore.put(model.store, manifest, data, use_multipart=False)
            return f"{reason} by now"
    still_held()
    if not claim(model.store, manifest):
        return "published, or deleted by somebody else, by now"
    log_deletion(model.store, model.name, version)
    for path in (*(each for each in version.objects if each != manifest), manifest):
        still_held()
        with suppress(FileNotFoundError):  # S3 says nothing of what is gone already
            obstore.delete(model.store, path)
    return ""
