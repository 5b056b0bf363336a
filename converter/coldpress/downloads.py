"""A published version back on disk, as the bundle that it was published from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from coldpress_runtime.artifact import MANIFEST_NAME, Manifest
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, read, resolve
from coldpress_runtime.unpacking import expect

from .bundle import COMPANIONS, Bundle, writing
from .store_errors import store_errors
from .stores import connect

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["download"]

_MOST_BYTES = 64 * 1024**2
_PIECE_BYTES = 8 * 1024**2


def download(uri: ModelUri, folder: Path) -> Bundle:
    """Fetch all files of a version, its companions too, and check them.

    Args:
        uri: The version, pinned or by a channel.
        folder: An empty directory for them.

    Raises:
        BundleError: A file is not what the manifest promises, or the disk is full.
        StoreError: A file can't be read.
    """
    store = connect(uri.root)
    with store_errors(uri.root):
        pinned = resolve(store, uri)
        manifest = fetch_manifest(store, pinned)
        data = read(store, pinned.manifest_path, most=_MOST_BYTES)
        expect(hashlib.sha256(data).hexdigest() == pinned.digest, pinned.manifest_path)
        _fetch_blobs(store, pinned, manifest, folder)
        companions = {name: _companion(store, pinned.blob_path(name)) for name in COMPANIONS}
    with writing("the download"):
        for name, content in companions.items():
            if content is not None:
                (folder / name).write_bytes(content)
        (folder / MANIFEST_NAME).write_bytes(data)
    return Bundle.open(folder)


def _fetch_blobs(store: ObjectStore, pinned: ModelUri, manifest: Manifest, folder: Path) -> None:
    for blob in manifest.blobs:
        path = pinned.blob_path(blob.path)
        found = obstore.get(store, path)
        # Before it fills the disk: what is longer is not what the manifest promises.
        expect(found.meta["size"] == blob.size, path)
        with writing("the download"), (folder / blob.path).open("wb") as file:
            for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                file.write(piece)


def _companion(store: ObjectStore, path: str) -> bytes | None:
    try:
        return read(store, path, most=_MOST_BYTES)
    except ModelUnavailable as error:
        # Without the right to list, S3 says so of what is not there, too.
        if error.code not in ("not_found", "denied"):
            raise
        return None
