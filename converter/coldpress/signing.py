"""Who made a bundle: OpenSSF model signatures with an elliptic-curve key, made and checked offline.

A signature covers the manifest and every blob. What may be rewritten, such as the report, it does
not cover.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from coldpress.bundle import COMPANIONS, Bundle
from coldpress.errors import BundleError, MissingExtraError, SignatureError, UsageError, brief

__all__ = ["PUBLIC_KEY", "SIGNATURE_NAME", "check_trusted", "configured_key", "sign", "verify"]

SIGNATURE_NAME = "model.sig"
PUBLIC_KEY = "COLDPRESS_PUBLIC_KEY"
_PASSWORD = "COLDPRESS_SIGNING_PASSWORD"  # noqa: S105 - a variable's name
_MAKE_KEY = "make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"


def sign(path: Path, key: Path, *, environment: Mapping[str, str] = os.environ) -> Path:
    """Sign a bundle, replacing a signature that is there.

    Args:
        path: The bundle's directory.
        key: Private key on an elliptic curve (P-256, P-384 or P-521), in PEM.
        environment: Where the key's password is, in ``COLDPRESS_SIGNING_PASSWORD``, if it has one.

    Returns:
        The signature's file.

    Raises:
        UsageError: The key can't be read, or is no such key.
        BundleError: The signature can't be written.
        MissingExtraError: The package model-signing is not installed.
    """
    _check_file(key, "private key")
    signing = _module("signing", "signing a bundle")
    place = path / SIGNATURE_NAME
    try:
        password = environment.get(_PASSWORD)
        config = signing.Config().use_elliptic_key_signer(
            # Declared as text, and handed to a function that takes bytes.
            private_key=key,
            password=password.encode() if password else None,
        )
    except Exception as error:
        raise UsageError(
            f"{key} is no private key that can sign: {brief(error)}; {_MAKE_KEY}, and give an "
            f"encrypted key's password in {_PASSWORD}"
        ) from error
    try:
        config.set_hashing_config(_hashing(path)).sign(path, place)
    except OSError as error:
        raise BundleError(f"can't write {place}: {error.strerror or error}") from error
    return place


def verify(bundle: Bundle, key: Path) -> None:
    """Check that a bundle, as it is, was signed by a key's owner.

    Args:
        bundle: The bundle.
        key: Public key, in PEM.

    Raises:
        SignatureError: It is not signed, or by another key, or was changed since.
        UsageError: The key can't be read, or is no such key.
        MissingExtraError: The package model-signing is not installed.
    """
    _check_file(key, "public key")
    place = bundle.path / SIGNATURE_NAME
    if not place.is_file():
        raise SignatureError(
            f"{bundle.manifest.name} sha256:{bundle.digest} is not signed; sign the bundle with "
            "coldpress sign BUNDLE --key KEY"
        )
    verifying = _module("verifying", "verifying a signature")
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except Exception as error:
        raise UsageError(
            f"{key} is no public key that can verify: {brief(error)}; take it from the private one "
            "with: openssl ec -in key.pem -pubout -out public.pem"
        ) from error
    try:
        config.set_hashing_config(_hashing(bundle.path)).verify(bundle.path, place)
    except Exception as error:
        raise SignatureError(
            f"the signature of {bundle.manifest.name} sha256:{bundle.digest} is not one of {key} "
            f"over what the bundle holds: {brief(error) or type(error).__name__}"
        ) from error


def check_trusted(bundle: Bundle, *, environment: Mapping[str, str] = os.environ) -> None:
    """Verify a bundle where a public key is configured; elsewhere do nothing.

    Args:
        bundle: The bundle that is about to be deployed, or pointed at.
        environment: Where ``COLDPRESS_PUBLIC_KEY`` may name the key's file.

    Raises:
        SignatureError: A key is configured, and the bundle is not signed by its owner.
        UsageError: The key can't be read.
    """
    if key := configured_key(environment):
        verify(bundle, key)


def configured_key(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The public key's file that ``COLDPRESS_PUBLIC_KEY`` names, if it does."""
    named = environment.get(PUBLIC_KEY)
    return Path(named) if named else None


def _hashing(path: Path) -> Any:  # noqa: ANN401 - untyped package
    hashing = _module("hashing", "signatures")
    return hashing.Config().set_ignored_paths(paths=[path / name for name in COMPANIONS])


def _module(name: str, what: str) -> ModuleType:
    try:
        return import_module(f"model_signing.{name}")  # half a second, for who signs
    except ImportError as error:
        raise MissingExtraError.needed_by(what, "signing") from error


def _check_file(key: Path, what: str) -> None:
    try:
        with key.open("rb"):
            return
    except OSError as error:
        raise UsageError(f"can't read the {what} {key}: {error.strerror or error}") from error
