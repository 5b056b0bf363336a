"""The one place that knows the `model-signing` package: digests in, a signature's bytes out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn

from model_signing import hashing, signing, verifying
from model_signing._hashing.hashing import Digest
from model_signing.manifest import FileManifestItem, SerializationType
from model_signing.manifest import Manifest as Hashes

from coldpress.errors import UsageError, brief
from coldpress.quiet import quietly

__all__ = ["check_private_key", "fault", "signed"]

_ALGORITHM = "sha256"
_MAKING = "openssl ecparam -name prime256v1 -genkey -noout makes one"
_CURVES = "P-256, P-384 or P-521"


class _Promised(hashing.Config):
    """Digests that are known already, in the place of those that would be taken of a folder."""

    def __init__(self, name: str, digests: Mapping[str, str], ignored: Sequence[str] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # theirs has no annotations
        items = [
            FileManifestItem(
                path=PurePosixPath(path), digest=Digest(_ALGORITHM, bytes.fromhex(digest))
            )
            for path, digest in digests.items()
        ]
        kind = {
            "method": "files",
            "hash_type": _ALGORITHM,
            "allow_symlinks": False,
            "ignore_paths": list(ignored),
        }
        self._promised = Hashes(name, items, SerializationType.from_args(kind))

    def hash(self, model_path: object, *, files_to_hash: object = None) -> Hashes:
        del model_path, files_to_hash  # nothing is read: the digests are known
        return self._promised


def check_private_key(key: Path, *, password: str | None) -> None:
    """Read a private key, and nothing more.

    Raises:
        UsageError: The key can't be used.
    """
    _signer(key, password)


def signed(
    name: str,
    digests: Mapping[str, str],
    key: Path,
    *,
    password: str | None,
    ignored: Sequence[str],
) -> bytes:
    """A signature's file.

    Args:
        name: What is signed, for people.
        digests: SHA-256 by file name.
        key: The private key's file.
        password: What it is encrypted with; None if it is not.
        ignored: Files beside them that the signature says nothing of.

    Raises:
        UsageError: The key can't be used.
    """
    config = _signer(key, password)
    config.set_hashing_config(_Promised(name, digests, ignored))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signature"
        config.sign(folder, file)
        return file.read_bytes()


def fault(signature: bytes, name: str, digests: Mapping[str, str], key: Path) -> str:
    """What keeps a signature from being the key's over these digests; empty if nothing does.

    Args:
        signature: The signature's file.
        name: What is signed.
        digests: SHA-256 by file name.
        key: The public key's file.

    Raises:
        UsageError: The key can't be used.
    """
    config = verifying.Config()  # type: ignore[no-untyped-call]  # as above
    config.set_hashing_config(_Promised(name, digests))
    try:
        config.use_elliptic_key_verifier(public_key=key)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _refuse_public(key, error)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signature"
        file.write_bytes(signature)
        try:
            # The package prints, and our output may be JSON.
            with quietly():
                config.verify(Path(folder), file)
        except Exception as error:  # noqa: BLE001 - a hostile file may make it raise anything
            return _told(error)
    return ""


def _signer(key: Path, password: str | None) -> signing.Config:
    config = signing.Config()  # type: ignore[no-untyped-call]  # as above
    try:
        # The annotation says str, and what reads the key wants bytes.
        config.use_elliptic_key_signer(
            private_key=key,
            password=password.encode() if password else None,  # type: ignore[arg-type]
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _refuse_private(key, error)
    return config


def _told(error: Exception) -> str:
    said = brief(error)
    if said.startswith("Key mismatch"):
        return "another key signed it"
    if said.startswith("Signature mismatch"):
        return f"it was made for other files ({said.partition(': ')[2]})"
    if type(error).__name__ == "InvalidSignature":
        return "the signed text was altered"
    return f"it can't be read as one ({type(error).__name__}: {said})" if said else "it is none"


def _refuse_private(key: Path, error: Exception) -> NoReturn:
    said = brief(error)
    if isinstance(error, OSError):
        why = f"can't read the key {key}: {error.strerror or error}"
    elif "not given but private key is encrypted" in said:
        why = f"the key {key} is encrypted; put its password into COLDPRESS_SIGNING_PASSWORD"
    elif "given but private key is not encrypted" in said:
        why = f"the key {key} is not encrypted; unset COLDPRESS_SIGNING_PASSWORD"
    elif "Incorrect password" in said:
        why = f"COLDPRESS_SIGNING_PASSWORD is not the password of the key {key}"
    else:
        why = _unsuited(key, said, "private") + f"; {_MAKING}"
    raise UsageError(why) from error


def _refuse_public(key: Path, error: Exception) -> NoReturn:
    if isinstance(error, OSError):
        raise UsageError(f"can't read the key {key}: {error.strerror or error}") from error
    why = _unsuited(key, brief(error), "public")
    raise UsageError(f"{why}; openssl ec -in KEY -pubout writes a private key's") from error


def _unsuited(key: Path, said: str, kind: str) -> str:
    if "Unsupported key for curve" in said:
        curve = said.rpartition(" ")[2]
        return f"the key {key} is on the curve {curve}, and it must be on {_CURVES}"
    if "no attribute 'curve'" in said:
        return f"the key {key} is no elliptic-curve key, and it must be one on {_CURVES}"
    return f"{key} holds no {kind} key in PEM"
