"""Publishing a bundle: blobs first, the manifest last, so that no reader sees half a version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from coldpress.bundle import COMPANIONS, SIGNATURE_NAME, Bundle, replace_file, writing
from coldpress.companions import write_companions
from coldpress.errors import SignatureError, StoreError
from coldpress.publishable import better_signature, publishable
from coldpress.quiet import unheard
from coldpress.signing import check_signature, published_signature, trusted_key
from coldpress.store_errors import store_errors
from coldpress.stores import connect, store_url
from coldpress.upload import put_new, upload
from coldpress_runtime.artifact import MANIFEST_NAME, Manifest
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .channels import ChannelState, check_channel, point
from .claims import is_there

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Published", "describe", "is_signed", "publish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version in a store.

    Attributes:
        uri: Its pinned URI.
        created: Whether this call wrote it; False if it was there already.
        bytes_written: Bytes that this call sent.
        channel: The channel that was asked for, as it stands now; None if none was.
        signature_removed: Whether the bundle lost its signature, since it says now that it was
            forced.
    """

    uri: ModelUri
    created: bool
    bytes_written: int
    channel: ChannelState | None
    signature_removed: bool = False


def publish(
    bundle: Bundle | Path | str,
    store: str,
    *,
    channel: str | None = None,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Published:
    """Write a bundle to a store as a version of its model.

    A version is never overwritten; publishing the same bundle again changes nothing. Its companions
    (record, report, bill of materials, signature) go beside it where the store has none yet; with a
    trusted key, a signature that holds for it replaces one in the store that does not.

    Args:
        bundle: The bundle, or its directory.
        store: URL such as ``s3://bucket/prefix``, or a path on this machine.
        channel: Point this channel to the version afterwards.
        force: Publish it even if its certificate failed. Then the bundle's manifest says so from
            now on, which makes it another version, and a signature of the one before is removed:
            once the store has taken the blobs, or, with a trusted key, was reached.
        progress: Called with what is about to be done, and with how much of a large file is.

    Raises:
        BundleError: The bundle's files are not those of its manifest, or it holds no certificate.
        CertificationError: Its certificate failed, and `force` is false.
        SignatureError: There is a trusted key, and the bundle is not signed by it.
        StoreError: The store can't be reached, denies access or is full. What was written by then
            is no version to any reader, and the next try goes on from there.
        UsageError: The store's URL or the channel's name is none.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(Path(bundle))
    root = store_url(store)
    target = check_channel(channel) if channel else None
    manifest, tell = publishable(bundle, force=force), progress or unheard
    remote = connect(root, create=True)
    uri = ModelUri(root=root, name=manifest.name, digest=manifest.digest)
    signed = bundle.companion(SIGNATURE_NAME) is not None
    forced = manifest is not bundle.manifest
    written = None
    if forced:
        with store_errors(root):
            written = _prepare_forced(remote, uri, bundle, tell)
        bundle = _rewritten(bundle, manifest)
    with _saying(bundle, forced=forced), store_errors(root):
        better = better_signature(remote, uri, bundle)
        if written is None:
            written = _write_blobs(remote, uri, bundle, tell)
        sent, created = _write_rest(remote, uri, bundle, tell, signature=better)
        if created:
            sent += _made_whole(remote, uri, bundle, tell)
        pointer = ModelUri(root=root, name=uri.name, channel=target or "")
        return Published(
            uri=uri,
            created=created,
            bytes_written=written + sent,
            channel=point(remote, pointer, uri.digest, "publish") if target else None,
            signature_removed=signed and forced,
        )


def describe(uri: ModelUri) -> tuple[ModelUri, Manifest]:
    """The pinned URI and the manifest of a published model.

    Raises:
        StoreError: It can't be read.
    """
    store = connect(uri.root)
    with store_errors(uri.root):
        pinned = resolve(store, uri)
        return pinned, fetch_manifest(store, pinned)


def is_signed(pinned: ModelUri) -> bool:
    """Whether a published version has a signature, by whomever; not where that can't be seen.

    Raises:
        StoreError: The store can't be reached.
    """
    store = connect(pinned.root)
    with store_errors(pinned.root):
        try:
            return published_signature(store, pinned) is not None
        except ModelUnavailable as error:
            if error.code != "denied":
                raise
            return False


def _prepare_forced(
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
    return _write_blobs(store, uri, bundle, progress)


def _rewritten(bundle: Bundle, manifest: Manifest) -> Bundle:
    # First, so that at no moment a signature lies beside a manifest that it is not over.
    with writing("the manifest"):
        (bundle.path / SIGNATURE_NAME).unlink(missing_ok=True)
    replace_file(bundle.path / MANIFEST_NAME, manifest.to_bytes())
    forced = Bundle(path=bundle.path, manifest=manifest, digest=manifest.digest)
    write_companions(forced)
    return forced


@contextmanager
def _saying(bundle: Bundle, *, forced: bool) -> Iterator[None]:
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


def _write_rest(
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


def _write_manifest(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    size = (bundle.path / MANIFEST_NAME).stat().st_size
    file = (MANIFEST_NAME, size, bundle.digest)
    try:
        return _send(store, uri, bundle, progress, file)
    except StoreError as error:
        if is_there(store, uri.manifest_path):  # altered, or given back by gc a moment ago
            return _send(store, uri, bundle, progress, file)
        raise StoreError(
            f"coldpress gc is deleting {uri}; publish it again in a minute, or, if that was "
            "killed, after an hour and another coldpress gc"
        ) from error


def _write_companions(store: ObjectStore, uri: ModelUri, bundle: Bundle) -> int:
    found = [(name, bundle.companion(name)) for name in COMPANIONS]
    return sum(
        put_new(store, uri.blob_path(name), data) for name, data in found if data is not None
    )


def _made_whole(
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
        return _write_blobs(store, uri, bundle, progress) + _write_companions(store, uri, bundle)
    return 0


def _write_blobs(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> int:
    files = [(blob.path, blob.size, blob.sha256) for blob in bundle.manifest.blobs]
    return sum(_send(store, uri, bundle, progress, file) for file in files)


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
