"""Which of two wins who meet at a version: one who deletes what is left of it, one who publishes.

A version begins with its manifest, which stores create only where there is none. Who deletes claims
that place first, with an empty object, and frees it last: until then nobody can publish there, and
once somebody has published, nobody can claim it. Of those who delete there is one at a time, who
holds the model's lease.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["claim", "is_claimed", "is_there"]

# Deleting a version takes seconds; who takes longer was killed on the way.
_ABANDONED = timedelta(hours=1)


def claim(store: ObjectStore, manifest: str) -> bool:
    """Take the place of a version's manifest, if it is free or its claim was abandoned.

    Args:
        store: Where the version lies.
        manifest: The path of its manifest below the store's root.

    Returns:
        Whether what is left of the version may be deleted. The manifest goes last then.
    """
    try:
        obstore.put(store, manifest, b"", mode="create", use_multipart=False)
    except AlreadyExistsError:
        return _is_abandoned(store, manifest)
    return True


def is_claimed(store: ObjectStore, manifest: str) -> bool:
    """Whether somebody deletes what is left of a version, or was killed while doing so."""
    return _size(store, manifest) == 0


def is_there(store: ObjectStore, manifest: str) -> bool:
    """Whether a version has its manifest, which makes it one."""
    return bool(_size(store, manifest))


def _size(store: ObjectStore, path: str) -> int | None:
    try:
        return obstore.head(store, path)["size"]
    except FileNotFoundError:
        return None


def _is_abandoned(store: ObjectStore, manifest: str) -> bool:
    try:
        found = obstore.head(store, manifest)
    except FileNotFoundError:  # who had it has just finished
        return False
    return found["size"] == 0 and datetime.now(UTC) - found["last_modified"] > _ABANDONED
