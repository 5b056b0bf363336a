"""The files of a version on their way to a store: each unless it is there, the manifest last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import obstore

from coldpress.bundle import COMPANIONS, SIGNATURE_NAME, Bundle
from coldpress.errors import StoreError
from coldpress.upload import put_new, upload
from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.pointers import ModelUri

from .claims import is_claimed

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["made_whole", "write_blobs", "write_rest"]


def write_blobs(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    """Write the files that the manifest names, each unless it is there; how many bytes that was."""
    files = [(blob.path, blob.size, blob.sha256) for blob in bundle.manifest.blobs]
    return sum(_send(store, uri, bundle, progress, file) for file in files)


def write_rest(
    store: ObjectStore,
    uri: ModelUri,
    bundle: Bundle,
    progress: Callable[[str], None],
    *,
    signature: bytes | None,
) -> tuple[int, bool]:
    """Write what is not there; how many bytes that was, and whether the version is a new one."""
    written = 0
    if signature is not None:
        obstore.put(store, uri.blob_path(SIGNATURE_NAME), signature, use_multipart=False)
        written += len(signature)
    written += _write_companions(store, uri, bundle)
    # Last: a version exists to its readers once its manifest does.
    manifest = _write_manifest(store, uri, bundle, progress)
    return written + manifest, manifest > 0


def made_whole(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    """Write again what was deleted as a leftover before the version had its manifest.

    Who had claimed its place was done when the manifest came. Who claims it from now on deletes
    nothing that a channel has come to name; where that was first, the channel does not move.

    Returns:
        How many bytes were written.
    """
    names = [blob.path for blob in bundle.manifest.blobs]
    names += [name for name in COMPANIONS if bundle.companion(name) is not None]
    try:
        for name in names:
            obstore.head(store, uri.blob_path(name))
    except FileNotFoundError:
        return write_blobs(store, uri, bundle, progress) + _write_companions(store, uri, bundle)
    return 0


def _write_manifest(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    size = (bundle.path / MANIFEST_NAME).stat().st_size
    file = (MANIFEST_NAME, size, bundle.digest)
    try:
        return _send(store, uri, bundle, progress, file)
    except StoreError as error:
        if not is_claimed(store, uri.manifest_path):  # given back or freed a moment ago, or altered
            return _send(store, uri, bundle, progress, file)
        raise StoreError(
            f"coldpress gc is deleting {uri}; publish it again in a minute, or, if that was "
            "stopped, after another coldpress gc"
        ) from error


def _write_companions(store: ObjectStore, uri: ModelUri, bundle: Bundle) -> int:
    found = [(name, bundle.companion(name)) for name in COMPANIONS]
    return sum(
        put_new(store, uri.blob_path(name), data) for name, data in found if data is not None
    )


def _send(
    store: ObjectStore,
    uri: ModelUri,
    bundle: Bundle,
    progress: Callable[[str], None],
    told: tuple[str, int, str],
) -> int:
    """Write one file, given its name, size and digest, unless it is there."""
    file, size, sha256 = told
    progress(f"Writing {file}")
    return upload(
        store,
        uri.blob_path(file),
        bundle.path / file,
        size=size,
        sha256=sha256,
        progress=_megabytes(file, size, progress),
    )


def _megabytes(file: str, size: int, progress: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: progress(f"Writing {file}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")
