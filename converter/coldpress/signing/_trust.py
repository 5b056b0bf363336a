"""The gate: where a machine names a key that it trusts, only what that key signed goes further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldpress.bundle import SIGNATURE_NAME
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.store import fetch_manifest, read

from ._signing import check_signature, trusted_key

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from coldpress_runtime.pointers import ModelUri

__all__ = ["check_trusted", "published_signature"]

# A signature names each file of a version with its digest: some hundred bytes for each.
_MOST_BYTES = 1024**2


def check_trusted(store: ObjectStore, pinned: ModelUri) -> None:
    """Refuse a published version that the trusted key did not sign.

    Nothing is asked of the store, and any version will do, where ``COLDPRESS_PUBLIC_KEY`` names
    no key. The manifest and the signature are all that is read.

    Args:
        store: Where the version lies.
        pinned: Which it is.

    Raises:
        MissingExtraError: The package for it is not installed.
        ModelUnavailable: The version can't be read.
        SignatureError: It has no signature, or another key's or another version's.
        UsageError: The key can't be used.
    """
    if (key := trusted_key()) is not None:
        manifest, signature = fetch_manifest(store, pinned), published_signature(store, pinned)
        check_signature(manifest, pinned.digest, signature, key, named=str(pinned))


def published_signature(store: ObjectStore, pinned: ModelUri) -> bytes | None:
    """A published version's signature, unchecked; None if it has none.

    Raises:
        ModelUnavailable: It can't be read.
    """
    try:
        return read(store, pinned.blob_path(SIGNATURE_NAME), most=_MOST_BYTES)
    except ModelUnavailable as error:
        if error.code != "not_found":
            raise
        return None
