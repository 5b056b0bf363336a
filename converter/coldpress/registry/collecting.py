"""Deleting the versions of a store that nobody names any more, model by model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coldpress.errors import UsageError
from coldpress.quiet import unheard
from coldpress.store_errors import store_errors
from coldpress.stores import connect, store_url

from .deleting import settled
from .keeping import Model, judged
from .lease import Busy, lease
from .partials import sweep
from .versions import StoredVersion, asked_models

__all__ = ["Collected", "Kept", "collect"]

_KEEP = 5
_MIN_DAYS = 7
# None of its requests is to take longer than the lease lasts.
_REQUEST_SECONDS = 60


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
        found = [Model(remote, root, name, keep, before) for name in names]
        return [_unless_busy(model, dry_run=dry_run, progress=tell) for model in found]


def _unless_busy(model: Model, *, dry_run: bool, progress: Callable[[str], None]) -> Collected:
    """What became of a model's versions; of one that somebody else collects, that it is so."""
    try:
        return _collected(model, dry_run=dry_run, progress=progress)
    except Busy as error:
        return Collected(model=model.name, deleted=(), kept=(), busy=str(error))


def _collected(model: Model, *, dry_run: bool, progress: Callable[[str], None]) -> Collected:
    progress(f"Looking at {model.name}")
    if dry_run:
        return _sorted_out(model, judged(model))
    with lease(model.store, model.root, model.name) as still_held:
        outcome = [
            (version, settled(model, version, reason, still_held, progress))
            for version, reason in judged(model)
        ]
        sweep(model.root, model.name, model.before)
    return _sorted_out(model, outcome)


def _sorted_out(model: Model, outcome: list[tuple[StoredVersion, str]]) -> Collected:
    """Which versions went and which stay."""
    return Collected(
        model=model.name,
        deleted=tuple(version for version, reason in outcome if not reason),
        kept=tuple(Kept(version=version.digest, reason=why) for version, why in outcome if why),
    )
