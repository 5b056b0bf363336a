"""A published version as a bundle on this machine, every file of it verified."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .bundle import COMPANIONS, Bundle, writing
from .signing import check_trusted, configured_key
from .store_errors import store_errors
from .stores import connect

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["check_published", "download"]

_CHUNK = 8 * 1024**2


def download(
    uri: ModelUri, folder: Path, *, progress: Callable[[str], None] | None = None
) -> Bundle:
    """Fetch a version, with whatever companions lie beside it.

    Args:
        uri: The model's URI, pinned or by channel.
        folder: Directory to make for the bundle.
        progress: Called with what is about to be fetched.

    Raises:
        StoreError: It can't be read.
        BundleError: What came is not what its manifest says, or the disk is full.
    """
    tell = progress or _silent
    store = connect(uri.root)
    with store_errors(uri.root):
        pinned = resolve(store, uri)
        manifest = fetch_manifest(store, pinned)
    with writing():
        folder.mkdir()
        (folder / MANIFEST_NAME).write_bytes(manifest.to_bytes())
    for name in (*(blob.path for blob in manifest.blobs), *COMPANIONS):
        tell(f"Fetching {name}")
        with store_errors(uri.root):
            _fetch(store, pinned, name, folder / name)
    return Bundle.open(folder)


def check_published(uri: ModelUri, *, environment: Mapping[str, str] = os.environ) -> None:
    """Fetch and verify a version where a public key is configured; elsewhere do nothing.

    Raises:
        SignatureError: A key is configured, and the version is not signed by its owner.
    """
    if configured_key(environment) is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        check_trusted(download(uri, Path(folder) / "bundle"), environment=environment)


def _fetch(store: ObjectStore, pinned: ModelUri, name: str, place: Path) -> None:
    try:
        result = obstore.get(store, pinned.blob_path(name))
    except FileNotFoundError:
        if name in COMPANIONS:
            return
        raise
    with writing(), place.open("wb") as file:
        for chunk in result.stream(min_chunk_size=_CHUNK):
            file.write(chunk)


def _silent(_step: str) -> None:
    """Report progress to nobody."""
