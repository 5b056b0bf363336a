"""Publishing a bundle: blobs first, the manifest last, so that no reader sees half a version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress_runtime.artifact import MANIFEST_NAME, Manifest
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .bundle import Bundle
from .channels import ChannelState, check_channel, point
from .store_errors import store_errors
from .stores import connect, store_url
from .upload import upload

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Published", "describe", "publish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version in a store.

    Attributes:
        uri: Its pinned URI.
        created: Whether this call wrote it; False if it was there already.
        bytes_written: Bytes that this call sent.
        channel: The channel that was asked for, as it stands now; None if none was.
    """

    uri: ModelUri
    created: bool
    bytes_written: int
    channel: ChannelState | None


def publish(
    bundle: Bundle | Path | str,
    store: str,
    *,
    channel: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Published:
    """Write a bundle to a store as a version of its model.

    A version is never overwritten; publishing the same bundle again changes nothing.

    Args:
        bundle: The bundle, or its directory.
        store: URL such as ``s3://bucket/prefix``, or a path on this machine.
        channel: Point this channel to the version afterwards.
        progress: Called with what is about to be done, and with how much of a large file is.

    Raises:
        BundleError: The bundle's files are not those of its manifest.
        StoreError: The store can't be reached, denies access or is full. What was written by then
            is no version to any reader, and the next try goes on from there.
        UsageError: The store's URL or the channel's name is none.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(Path(bundle))
    root = store_url(store)
    target = check_channel(channel) if channel else None
    remote = connect(root, create=True)
    uri = ModelUri(root=root, name=bundle.manifest.name, digest=bundle.digest)
    with store_errors(root):
        written = _write(remote, uri, bundle, progress or (lambda _: None))
    state = None
    if target:
        pointer = ModelUri(root=root, name=uri.name, channel=target)
        state = point(remote, pointer, uri.digest, "publish")
    return Published(uri=uri, created=written > 0, bytes_written=written, channel=state)


def describe(uri: ModelUri) -> tuple[ModelUri, Manifest]:
    """The pinned URI and the manifest of a published model.

    Raises:
        StoreError: It can't be read.
    """
    store = connect(uri.root)
    with store_errors(uri.root):
        pinned = resolve(store, uri)
        return pinned, fetch_manifest(store, pinned)


def _write(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    written = 0
    for file, size, sha256 in _files(bundle):
        progress(f"Writing {file}")
        written += upload(
            store,
            uri.blob_path(file),
            bundle.path / file,
            size=size,
            sha256=sha256,
            progress=_megabytes(file, size, progress),
        )
    return written


def _files(bundle: Bundle) -> Iterator[tuple[str, int, str]]:
    """Name, length in bytes and digest of each file; the manifest comes last."""
    for blob in bundle.manifest.blobs:
        yield blob.path, blob.size, blob.sha256
    yield MANIFEST_NAME, (bundle.path / MANIFEST_NAME).stat().st_size, bundle.digest


def _megabytes(file: str, size: int, progress: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: progress(f"Writing {file}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")
