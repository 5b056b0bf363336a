"""Publishing a bundle: blobs first, the manifest last, so that no reader sees half a version."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError

from coldpress_runtime.artifact import MANIFEST_NAME, SCHEMA_VERSION, Manifest
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .bundle import COMPANIONS, Bundle
from .channels import ChannelState, check_channel, point
from .errors import CertificationError
from .signing import SIGNATURE_NAME, check_trusted
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
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Published:
    """Write a bundle to a store as a version of its model.

    A version is never overwritten; publishing the same bundle again changes nothing.

    Args:
        bundle: The bundle, or its directory.
        store: URL such as ``s3://bucket/prefix``, or a path on this machine.
        channel: Point this channel to the version afterwards.
        force: Publish a bundle whose certificate failed; its manifest then says so, which gives
            it another version.
        progress: Called with what is about to be done, and with how much of a large file is.

    Raises:
        BundleError: The bundle's files are not those of its manifest.
        CertificationError: Its certificate failed, and `force` is false.
        SignatureError: A public key is configured, and the bundle is not signed by its owner.
        StoreError: The store can't be reached, denies access or is full. What was written by then
            is no version to any reader, and the next try goes on from there.
        UsageError: The store's URL or the channel's name is none.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(Path(bundle))
    manifest = _publishable(bundle, force=force)
    check_trusted(bundle)
    root = store_url(store)
    target = check_channel(channel) if channel else None
    remote = connect(root, create=True)
    uri = ModelUri(root=root, name=bundle.manifest.name, digest=manifest.digest)
    with store_errors(root):
        written = _write(remote, uri, bundle, manifest, progress or (lambda _: None))
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


def _publishable(bundle: Bundle, *, force: bool) -> Manifest:
    """The manifest to publish: of a failed certificate only by force, which it then tells."""
    manifest = bundle.manifest
    if manifest.certificate.passed:
        return manifest
    if not force:
        failure = bundle.certificate().failure()
        raise failure or CertificationError(
            "the certificate failed", output="", rows=(), difference=0.0
        )
    summary = manifest.certificate._replace(forced=True)
    return manifest._replace(certificate=summary, schema_version=SCHEMA_VERSION)


def _write(
    store: ObjectStore,
    uri: ModelUri,
    bundle: Bundle,
    manifest: Manifest,
    progress: Callable[[str], None],
) -> int:
    written = 0
    for blob in manifest.blobs:
        progress(f"Writing {blob.path}")
        written += upload(
            store,
            uri.blob_path(blob.path),
            bundle.path / blob.path,
            size=blob.size,
            sha256=blob.sha256,
            progress=_megabytes(blob.path, blob.size, progress),
        )
    _write_companions(store, uri, bundle, manifest)
    progress(f"Writing {MANIFEST_NAME}")
    return written + _write_manifest(store, uri, manifest)


def _write_companions(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, manifest: Manifest
) -> None:
    """Those that are there; one that is in the store already stays as it is."""
    for name in COMPANIONS:
        file = bundle.path / name
        # A signature over another manifest than the one that is published would be no signature.
        if not file.is_file() or (name == SIGNATURE_NAME and manifest != bundle.manifest):
            continue
        with suppress(AlreadyExistsError):
            obstore.put(store, uri.blob_path(name), file.read_bytes(), mode="create")


def _write_manifest(store: ObjectStore, uri: ModelUri, manifest: Manifest) -> int:
    data = manifest.to_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MANIFEST_NAME
        file.write_bytes(data)
        return upload(store, uri.manifest_path, file, size=len(data), sha256=manifest.digest)


def _megabytes(file: str, size: int, progress: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: progress(f"Writing {file}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")
