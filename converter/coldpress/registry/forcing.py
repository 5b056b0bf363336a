"""A bundle that is published though its certificate failed: it says so, and loses its signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coldpress.bundle import SIGNATURE_NAME, Bundle, replace_file, writing
from coldpress.companions import write_companions
from coldpress.errors import SignatureError, StoreError
from coldpress.signing import check_signature, published_signature, trusted_key
from coldpress_runtime.artifact import MANIFEST_NAME, Manifest
from coldpress_runtime.pointers import ModelUri

from .sending import write_blobs

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["prepare_forced", "rewritten", "saying"]


def prepare_forced(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int | None:
    """Do all that can fail before the bundle is changed: its signature, the store, the blobs.

    Returns:
        How many bytes of blobs were written; None where a trusted key has to sign first.
    """
    signature = bundle.companion(SIGNATURE_NAME)
    if (key := trusted_key()) is not None and signature is not None:
        # What nobody trusts shall not lose its signature for nothing.
        check_signature(bundle.manifest, bundle.digest, signature, key, named=str(bundle.path))
    if key is not None and published_signature(store, uri) is None:
        return None
    return write_blobs(store, uri, bundle, progress)


def rewritten(bundle: Bundle, manifest: Manifest) -> Bundle:
    """The bundle with a manifest that says forced, and without a signature."""
    # First, so that at no moment a signature lies beside a manifest that it is not over.
    with writing("the manifest"):
        (bundle.path / SIGNATURE_NAME).unlink(missing_ok=True)
    replace_file(bundle.path / MANIFEST_NAME, manifest.to_bytes())
    forced = Bundle(path=bundle.path, manifest=manifest, digest=manifest.digest)
    write_companions(forced)
    return forced


@contextmanager
def saying(bundle: Bundle, *, forced: bool) -> Iterator[None]:
    """Where the bundle was changed already, let an error say so."""
    try:
        yield
    except (SignatureError, StoreError) as error:
        if not forced:
            raise
        raise type(error)(
            f"{error}; {bundle.path} says now that it was forced, which made it another, unsigned "
            "version: publish it with --force once more when that is mended"
        ) from error
