"""Whether a bundle may be published: its certificate's word, and a signature that is trusted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from coldpress_runtime.artifact import SCHEMA_VERSION, Manifest

from .bundle import SIGNATURE_NAME, Bundle
from .errors import BundleError, CertificationError, SignatureError
from .signing import check_signature, published_signature, trusted_key

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from coldpress_runtime.pointers import ModelUri

__all__ = ["better_signature", "publishable"]

# Manifests before this version may name no certificate.
_CERTIFIED_SINCE = 3


def publishable(bundle: Bundle, *, force: bool) -> Manifest:
    """The bundle's manifest, if its certificate passed; by force, one that says it did not.

    Raises:
        BundleError: It holds no certificate.
        CertificationError: Its certificate failed, and `force` is false.
    """
    failure = _failure(bundle)
    if failure is None or (force and bundle.manifest.certificate.forced):
        return bundle.manifest
    if not force:
        raise CertificationError(
            f"{failure}; mend the model, or publish it all the same with --force "
            "(force=True in Python), which its manifest then says for ever",
            output=failure.output,
            rows=failure.rows,
            difference=failure.difference,
        )
    summary = bundle.manifest.certificate._replace(passed=False, forced=True)
    return bundle.manifest._replace(certificate=summary, schema_version=SCHEMA_VERSION)


def _failure(bundle: Bundle) -> CertificationError | None:
    """What the certificate failed by; the manifest's word alone is not taken for a pass."""
    manifest = bundle.manifest
    whole = any(blob.role == "certificate" for blob in manifest.blobs)
    if not whole and (
        manifest.schema_version >= _CERTIFIED_SINCE or not manifest.certificate.passed
    ):
        raise BundleError(
            f"{bundle.path} holds no certificate, so nothing proves its model; export it again"
        )
    certificate = bundle.certificate() if whole else None
    if manifest.certificate.passed and (certificate is None or certificate.passed):
        return None
    return (certificate.failure() if certificate else None) or CertificationError(
        "the export does not answer like the original, says its certificate",
        output="",
        rows=(),
        difference=manifest.certificate.max_abs_diff,
    )


def better_signature(store: ObjectStore, uri: ModelUri, bundle: Bundle) -> bytes | None:
    """The signature that has to replace the store's; None if that one, or the bundle's, will do.

    Raises:
        SignatureError: There is a trusted key, and neither holds for it.
    """
    if (key := trusted_key()) is None:
        return None
    stored, own = published_signature(store, uri), bundle.companion(SIGNATURE_NAME)
    check = partial(check_signature, bundle.manifest, bundle.digest, key=key)
    if stored is None:
        check(own, named=str(bundle.path))
        return None
    try:
        check(stored, named=str(uri))
    except SignatureError as error:
        try:
            check(own, named=str(bundle.path))
        except SignatureError:
            raise SignatureError(
                f"{error}; or sign {bundle.path} with that key and publish it once more, which "
                "replaces the signature in the store"
            ) from error
        return own
    return None
