"""Publishing a bundle: blobs first, the manifest last, so that no reader sees half a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coldpress.bundle import SIGNATURE_NAME, Bundle
from coldpress.publishable import better_signature, publishable
from coldpress.quiet import unheard
from coldpress.signing import published_signature
from coldpress.store_errors import store_errors
from coldpress.stores import connect, store_url
from coldpress_runtime.artifact import Manifest
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .channels import ChannelState, check_channel, point
from .forcing import prepare_forced, rewritten, saying
from .sending import made_whole, write_blobs, write_rest

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
            written = prepare_forced(remote, uri, bundle, tell)
        bundle = rewritten(bundle, manifest)
    with saying(bundle, forced=forced), store_errors(root):
        better = better_signature(remote, uri, bundle)
        if written is None:
            written = write_blobs(remote, uri, bundle, tell)
        sent, created = write_rest(remote, uri, bundle, tell, signature=better)
        if created:
            sent += made_whole(remote, uri, bundle, tell)
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
