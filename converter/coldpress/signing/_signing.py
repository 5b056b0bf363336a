"""Signing a bundle and checking its signature: OpenSSF Model Signing, elliptic-curve keys.

What is signed is the version: the manifest, and the blobs that it names. The companions are not,
since they may be written anew. A signature is checked against what the manifest promises, and the
files against the manifest, so that whoever has a manifest can tell without fetching the model.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from coldpress.bundle import COMPANIONS, SIGNATURE_NAME, Bundle, foreign_file, replace_file
from coldpress.errors import BundleError, MissingExtraError, SignatureError
from coldpress_runtime.artifact import MANIFEST_NAME, Manifest

__all__ = ["check_private_key", "check_signature", "sign", "trusted_key", "verify"]

_KEY_VARIABLE = "COLDPRESS_PUBLIC_KEY"
_PASSWORD_VARIABLE = "COLDPRESS_SIGNING_PASSWORD"  # noqa: S105 - a variable's name


def sign(bundle: Bundle | Path | str, key: Path | str) -> Path:
    """Sign a bundle; a signature that is there is replaced.

    Args:
        bundle: The bundle, or its directory, whose files are then checked first.
        key: A private key: PEM, on one of the curves P-256, P-384 and P-521. If it is encrypted,
            ``COLDPRESS_SIGNING_PASSWORD`` holds its password.

    Returns:
        The signature's file.

    Raises:
        BundleError: The bundle's files are not those of its manifest, or the disk is full.
        MissingExtraError: The package for it is not installed.
        UsageError: The key can't be used.
    """
    bundle = _opened(bundle)
    password = os.environ.get(_PASSWORD_VARIABLE)
    promised = _promised(bundle.manifest, bundle.digest)
    data = _openssf().signed(
        bundle.manifest.name,
        promised,
        Path(key),
        password=password,
        ignored=COMPANIONS,
    )
    replace_file(bundle.path / SIGNATURE_NAME, data)
    return bundle.path / SIGNATURE_NAME


def check_private_key(key: Path | str) -> None:
    """Read a private key, so that a bad one is known before there is something to sign.

    Raises:
        MissingExtraError: The package for it is not installed.
        UsageError: The key can't be used.
    """
    _openssf().check_private_key(Path(key), password=os.environ.get(_PASSWORD_VARIABLE))


def verify(bundle: Bundle | Path | str, key: Path | str, *, named: str = "") -> Bundle:
    """Check every file of a bundle, and that its signature is the key's and of this version.

    Its directory must hold nothing else: a file that the manifest does not name is not signed, and
    what a symbolic link points to may be another file tomorrow. Companions are let be.

    Args:
        bundle: The bundle, or its directory.
        key: The public key: PEM.
        named: What to call it in errors; its directory, if empty.

    Returns:
        The bundle.

    Raises:
        BundleError: The bundle's files are not those of its manifest, or there are others, or
            symbolic links.
        MissingExtraError: The package for it is not installed.
        SignatureError: There is no signature, or it is another key's or another version's.
        UsageError: The key can't be used.
    """
    bundle = _opened(bundle)
    _check_alone(bundle)
    signature = bundle.companion(SIGNATURE_NAME)
    named = named or str(bundle.path)
    check_signature(bundle.manifest, bundle.digest, signature, Path(key), named=named)
    return bundle


def check_signature(
    manifest: Manifest, digest: str, signature: bytes | None, key: Path, *, named: str
) -> None:
    """Check that a signature is a key's, and over just the files that a manifest promises.

    Args:
        manifest: The manifest.
        digest: SHA-256 of its file.
        signature: The signature's file; None if there is none.
        key: The public key: PEM.
        named: What to call the version in errors.

    Raises:
        MissingExtraError: The package for it is not installed.
        SignatureError: There is no signature, or it is another key's or another version's.
        UsageError: The key can't be used.
    """
    if signature is None:
        raise SignatureError(
            f"{named} is not signed; sign its bundle with coldpress sign BUNDLE --key KEY"
        )
    fault = _openssf().fault(signature, manifest.name, _promised(manifest, digest), key)
    if fault:
        raise SignatureError(
            f"{named}: its signature does not hold for {key}: {fault}; "
            "don't use it, or name the key that signed it"
        )


def trusted_key() -> Path | None:
    """The public key that this machine trusts, as ``COLDPRESS_PUBLIC_KEY`` names it, or None."""
    path = os.environ.get(_KEY_VARIABLE)
    return Path(path) if path else None


def _opened(bundle: Bundle | Path | str) -> Bundle:
    return bundle if isinstance(bundle, Bundle) else Bundle.open(Path(bundle))


def _check_alone(bundle: Bundle) -> None:
    if other := foreign_file(bundle.path, bundle.manifest):
        raise BundleError(
            f"{bundle.path} holds {other}, which is no part of the bundle and nobody signed; move "
            "it away"
        )
    linked = sorted(file.name for file in bundle.path.iterdir() if file.is_symlink())
    if linked:
        raise BundleError(
            f"{bundle.path / linked[0]} is a symbolic link; put the file itself in its place"
        )


def _promised(manifest: Manifest, digest: str) -> dict[str, str]:
    """SHA-256 by file name: what a signature of this version is over."""
    return {MANIFEST_NAME: digest, **{blob.path: blob.sha256 for blob in manifest.blobs}}


def _openssf() -> ModuleType:
    try:
        from coldpress.signing import _openssf  # noqa: PLC0415 - takes 0.6 s, and an extra
    except ImportError as error:
        raise MissingExtraError.needed_by("a signature", "signing") from error
    return _openssf
