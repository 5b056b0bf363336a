"""Deleting a version beside people who publish and promote.

Those hold no lock. A version ends with its manifest, which a claim replaces first; if a channel has
come to name it meanwhile, the manifest is put back. Who moves a channel looks afterwards whether
the version is still there. So of the two, one notices the other, whatever the order. What is left
of a version is deleted by who has claimed it, which nobody can once it is published again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import obstore

from .claims import Claim, Place
from .keeping import Model
from .versions import StoredVersion, log_deletion

__all__ = ["settled"]

_MEANWHILE = "published, or deleted by somebody else, by now"


def settled(
    model: Model,
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
    if not version.complete:  # nobody could publish it again beside a claim that was left
        still_held()
        if place.take_over():
            _delete((place.path,), model, still_held)
    return reason


def _deleted(
    model: Model, version: StoredVersion, place: Place, still_held: Callable[[], None]
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
    try:
        _delete((*others, place.path), model, still_held)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted while {model.name}@sha256:{version.digest[:12]} was being deleted; "
            "coldpress gc once more finishes it"
        ) from None
    return ""


def _saved(
    model: Model, version: StoredVersion, claim: Claim, still_held: Callable[[], None]
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


def _delete(paths: Iterable[str], model: Model, still_held: Callable[[], None]) -> None:
    for path in paths:
        still_held()
        with suppress(FileNotFoundError):  # S3 says nothing of what is gone already
            obstore.delete(model.store, path)
