"""Which of two wins who meet at a version: one who deletes it, one who publishes or promotes.

A version is there as long as its manifest is. Who deletes it puts a claim in the manifest's place
first, in one write that the store makes only if the place is as it was found, and frees the place
last. Until then nobody can publish there, and a channel can't be moved to it; nobody can claim what
has come meanwhile. No manifest is as long as a claim, and no two claims are the same: so whoever
finds one knows it by its size, and whoever made it gives the manifest back, or takes a claim over,
only over what was read there.

Of those who delete there is one at a time, who holds the model's lease. Claims bear being wrong
about that: a late one replaces no other's, and a late manifest is put back over one's own alone.
Deletions don't, since obstore knows none on condition, though S3 does; `lease` has that reckoning.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError

from coldpress_runtime.artifact import CLAIM_BYTES

from .conditional import unchanged

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Claim", "Place", "is_claimed", "is_there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a version has its manifest.

    Attributes:
        store: Where the version lies.
        path: The manifest's path below the store's root.
        local: Whether that is a directory, in which a file's lock keeps others away.
    """

    store: ObjectStore
    path: str
    local: bool

    def claim_version(self) -> Claim | None:
        """Take the manifest's place; None where there is none any more."""
        try:
            found = obstore.get(self.store, self.path)
            manifest = bytes(found.bytes())
            if len(manifest) == CLAIM_BYTES:
                return None
            body = _body()
            try:
                mode = self._claimed(self._mode(found.meta), body)
            except BaseException:  # the store may have written it all the same
                self._put_back(manifest, body)
                raise
        except FileNotFoundError:
            return None
        return Claim(place=self, manifest=manifest, mode=mode) if mode else None

    def claim_leftovers(self) -> bool:
        """Take the place if it is free, or has a claim; whether that was so."""
        try:
            return bool(self._claimed("create", _body())) or self.take_over()
        except FileNotFoundError:  # who had it has just finished
            return False

    def take_over(self) -> bool:
        """Take over the claim of one who was stopped on the way; whether there was one.

        Whoever holds the lease finds no other's: its holder would have the lease.
        """
        try:
            found = obstore.head(self.store, self.path)
            return found["size"] == CLAIM_BYTES and bool(self._claimed(self._mode(found), _body()))
        except FileNotFoundError:
            return False

    def _mode(self, found: obstore.PutResult | obstore.ObjectMeta) -> obstore.PutMode:
        return "overwrite" if self.local else unchanged(found)

    def _claimed(self, mode: obstore.PutMode, body: bytes) -> obstore.PutMode | None:
        """Write a claim; the mode that replaces it and nothing else, None if it was not written."""
        try:
            return self._mode(
                obstore.put(self.store, self.path, body, mode=mode, use_multipart=False)
            )
        except (AlreadyExistsError, PreconditionError):
            # A write whose answer was lost is tried again, and refused for its own sake.
            found = obstore.get(self.store, self.path)
            return self._mode(found.meta) if bytes(found.bytes()) == body else None

    def _put_back(self, manifest: bytes, claim: bytes) -> None:
        """Write the manifest over that claim, if it is there."""
        found = obstore.get(self.store, self.path)
        if bytes(found.bytes()) == claim:
            mode = self._mode(found.meta)
            obstore.put(self.store, self.path, manifest, mode=mode, use_multipart=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim in the place of a manifest.

    Attributes:
        place: That place.
        manifest: What was there before.
        mode: The mode of a write that replaces the claim and nothing else.
    """

    place: Place
    manifest: bytes
    mode: obstore.PutMode

    def give_back(self) -> bool:
        """Put the manifest back unless the claim was lost; whether there is one afterwards."""
        store, path = self.place.store, self.place.path
        try:
            obstore.put(store, path, self.manifest, mode=self.mode, use_multipart=False)
        except (FileNotFoundError, PreconditionError):
            return is_there(store, path)
        return True


def _body() -> bytes:
    """What no other claim says."""
    return uuid.uuid4().hex.encode()


def is_there(store: ObjectStore, manifest: str) -> bool:
    """Whether a version has its manifest, and no claim in its place."""
    return _size(store, manifest) not in (None, CLAIM_BYTES)


def is_claimed(store: ObjectStore, manifest: str) -> bool:
    """Whether a version has a claim in its manifest's place."""
    return _size(store, manifest) == CLAIM_BYTES


def _size(store: ObjectStore, path: str) -> int | None:
    try:
        return obstore.head(store, path)["size"]
    except FileNotFoundError:
        return None
