"""Publishing a bundle: blobs first, the manifest last, so that no reader sees half a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress_runtime.artifact import MANIFEST_NAME, SCHEMA_VERSION, Manifest
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, resolve

from .bundle import COMPANIONS, SIGNATURE_NAME, Bundle, replace_file, writing
from .channels import ChannelState, check_channel, point
from .companions import write_companions
from .errors import CertificationError
from .signing import check_signature, published_signature, trusted_key
from .store_errors import store_errors
from .stores import connect, store_url
from .upload import put_new, upload

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
        unsigned: Whether the bundle lost its signature, since it now says that it was forced.
    """

    uri: ModelUri
    created: bool
    bytes_written: int
    channel: ChannelState | None
    unsigned: bool = False


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
    (record, report, bill of materials, signature) go beside it where the store has none yet.

    Args:
        bundle: The bundle, or its directory.
        store: URL such as ``s3://bucket/prefix``, or a path on this machine.
        channel: Point this channel to the version afterwards.
        force: Publish it even if its certificate failed. Then the bundle's manifest says so from
            now on, which makes it another version, and a signature of the one before is removed.
        progress: Called with what is about to be done, and with how much of a large file is.

    Raises:
        BundleError: The bundle's files are not those of its manifest.
        CertificationError: Its certificate failed, and `force` is false.
        SignatureError: There is a trusted key, and the bundle is not signed by it.
        StoreError: The store can't be reached, denies access or is full. What was written by then
            is no version to any reader, and the next try goes on from there.
        UsageError: The store's URL or the channel's name is none.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(Path(bundle))
    root = store_url(store)
    target = check_channel(channel) if channel else None
    signed = bundle.companion(SIGNATURE_NAME) is not None
    bundle = _proven(bundle, force=force)
    remote = connect(root, create=True)
    uri = ModelUri(root=root, name=bundle.manifest.name, digest=bundle.digest)
    with store_errors(root):
        _check_trusted(remote, uri, bundle)
        written, created = _write(remote, uri, bundle, progress or (lambda _: None))
    pointer = ModelUri(root=root, name=uri.name, channel=target or "")
    return Published(
        uri=uri,
        created=created,
        bytes_written=written,
        channel=point(remote, pointer, uri.digest, "publish") if target else None,
        unsigned=signed and bundle.companion(SIGNATURE_NAME) is None,
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


def _proven(bundle: Bundle, *, force: bool) -> Bundle:
    """The bundle, if its certificate passed; by force, the bundle as it says that it did not."""
    if (failure := _failure(bundle)) is None:
        return bundle
    if not force:
        raise CertificationError(
            f"{failure}; mend the model, or publish it all the same with --force "
            "(force=True in Python), which its manifest then says for ever",
            output=failure.output,
            rows=failure.rows,
            difference=failure.difference,
        )
    return bundle if bundle.manifest.certificate.forced else _forced(bundle)


def _failure(bundle: Bundle) -> CertificationError | None:
    """What the certificate failed by; the manifest's word alone is not taken for a pass."""
    manifest = bundle.manifest
    whole = any(blob.role == "certificate" for blob in manifest.blobs)
    certificate = bundle.certificate() if whole else None
    if manifest.certificate.passed and (certificate is None or certificate.passed):
        return None
    return (certificate.failure() if certificate else None) or CertificationError(
        "the export does not answer like the original, says its certificate",
        output="",
        rows=(),
        difference=manifest.certificate.max_abs_diff,
    )


def _forced(bundle: Bundle) -> Bundle:
    summary = bundle.manifest.certificate._replace(passed=False, forced=True)
    manifest = bundle.manifest._replace(certificate=summary, schema_version=SCHEMA_VERSION)
    # First, so that at no moment a signature lies beside a manifest that it is not over.
    with writing("the manifest"):
        (bundle.path / SIGNATURE_NAME).unlink(missing_ok=True)
    replace_file(bundle.path / MANIFEST_NAME, manifest.to_bytes())
    forced = Bundle(path=bundle.path, manifest=manifest, digest=manifest.digest)
    write_companions(forced)
    return forced


def _check_trusted(store: ObjectStore, uri: ModelUri, bundle: Bundle) -> None:
    """Refuse what the trusted key, if there is one, did not sign: as it will lie in the store."""
    if (key := trusted_key()) is not None:
        signature = published_signature(store, uri) or bundle.companion(SIGNATURE_NAME)
        check_signature(bundle.manifest, bundle.digest, signature, key, named=str(bundle.path))


def _write(
    store: ObjectStore, uri: ModelUri, bundle: Bundle, progress: Callable[[str], None]
) -> tuple[int, bool]:
    """Write what is not there; how many bytes that was, and whether the version is a new one."""

    def send(file: str, size: int, sha256: str) -> int:
        progress(f"Writing {file}")
        place, told = uri.blob_path(file), _megabytes(file, size, progress)
        return upload(store, place, bundle.path / file, size=size, sha256=sha256, progress=told)

    written = sum(send(blob.path, blob.size, blob.sha256) for blob in bundle.manifest.blobs)
    for name in COMPANIONS:
        if (data := bundle.companion(name)) is not None:
            written += put_new(store, uri.blob_path(name), data)
    # Last: a version exists to its readers once its manifest does.
    size = (bundle.path / MANIFEST_NAME).stat().st_size
    manifest = send(MANIFEST_NAME, size, bundle.digest)
    return written + manifest, manifest > 0


def _megabytes(file: str, size: int, progress: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: progress(f"Writing {file}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")
