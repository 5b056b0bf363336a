"""The bundle: a directory with a model, its proof, and the manifest that binds them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from coldpress.blobs import unpacked_parts
from coldpress.certification import Certificate, read_certificate
from coldpress.errors import BundleError, UsageError
from coldpress.record import RECORD_NAME, Record
from coldpress_runtime.artifact import MANIFEST_NAME, NAME, Blob, Manifest
from coldpress_runtime.errors import ArtifactError, IntegrityError

__all__ = [
    "BOM_NAME",
    "COMPANIONS",
    "REPORT_NAME",
    "SIGNATURE_NAME",
    "Bundle",
    "check_name",
    "default_name",
    "foreign_file",
    "plain_blob",
    "replace_file",
    "write_bundle",
    "writing",
]

REPORT_NAME = "report.html"
BOM_NAME = "bom.json"
SIGNATURE_NAME = "model.sig"
# Files beside the blobs that are no part of the version: they may be written anew at any time.
COMPANIONS = (RECORD_NAME, REPORT_NAME, BOM_NAME, SIGNATURE_NAME)
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle on disk, every file of it verified when it was opened.

    Attributes:
        path: Its directory.
        manifest: What it is.
        digest: Its version: SHA-256 of the manifest's bytes, 64 hexadecimal digits.
    """

    path: Path
    manifest: Manifest
    digest: str

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Open a bundle, and check the size and digest of everything in it.

        Raises:
            UsageError: There is no such directory.
            BundleError: It is no bundle, or a file is missing, altered or truncated.
        """
        if not path.exists():
            raise UsageError(f"there is no directory {path}; name a bundle")
        if not (path / MANIFEST_NAME).is_file():
            raise BundleError(f"{path} is no bundle: there is no {MANIFEST_NAME} in it")
        data = _read(path / MANIFEST_NAME)
        try:
            manifest = Manifest.from_bytes(data)
        except ArtifactError as error:
            raise BundleError(f"{path / MANIFEST_NAME}: {error}") from error
        bundle = cls(path=path, manifest=manifest, digest=hashlib.sha256(data).hexdigest())
        for blob in manifest.blobs:
            bundle.verify(blob)
        return bundle

    def verify(self, blob: Blob) -> None:
        """Check one of its files, frame by frame: sizes and digests, of each and of the whole.

        Raises:
            BundleError: The file is missing, altered or truncated.
        """
        for _ in self.unpacked_parts(blob):
            pass

    def unpacked(self, blob: Blob) -> bytes:
        """The bytes that one of its files stands for, verified.

        Raises:
            BundleError: The file is missing, altered or truncated.
        """
        return b"".join(self.unpacked_parts(blob))

    def unpacked_parts(self, blob: Blob) -> Iterator[bytes | memoryview]:
        """The same in pieces, for what is large; the whole is verified once all are taken.

        Raises:
            BundleError: The file is missing, altered or truncated.
        """
        path = self.path / blob.path
        try:
            yield from unpacked_parts(blob, path)
        except IntegrityError as error:
            raise BundleError(f"{self.path}: {error}; export the model again") from error
        except OSError as error:
            raise BundleError(f"can't read {path}: {error.strerror or error}") from error

    def companion(self, name: str) -> bytes | None:
        """A file that is no part of the version, such as ``report.html``; None if there is none.

        Raises:
            BundleError: It is there and can't be read.
        """
        path = self.path / name
        return _read(path) if path.exists() else None

    def record(self) -> Record | None:
        """How it was made; None for a bundle of a time when that was not kept.

        Raises:
            BundleError: The record can't be read.
        """
        data = self.companion(RECORD_NAME)
        return None if data is None else Record.from_bytes(data)

    def golden(self) -> tuple[dict[str, Any], ...]:
        """The golden examples, each a ``request`` and its ``response``; empty if there are none.

        Raises:
            BundleError: They can't be read.
        """
        blob = self.manifest.golden
        if blob is None:
            return ()
        try:
            examples = json.loads(self.unpacked(blob))["examples"]
            return tuple({key: each[key] for key in ("request", "response")} for each in examples)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BundleError(
                f"{self.path / blob.path} holds no golden examples; export the model again"
            ) from error

    def certificate(self) -> Certificate:
        """The whole certificate.

        Raises:
            BundleError: It can't be read.
        """
        try:
            return read_certificate(self.unpacked(self.manifest.blob("certificate")))
        except ArtifactError as error:
            raise BundleError(f"{self.path}: {error}") from error


def foreign_file(path: Path, manifest: Manifest) -> str:
    """The first file of a bundle's directory that neither is a blob nor a companion; or none."""
    own = {MANIFEST_NAME, *COMPANIONS, *(blob.path for blob in manifest.blobs)}
    return min((file.name for file in path.iterdir() if file.name not in own), default="")


def write_bundle(
    path: Path,
    manifest: Manifest,
    files: Mapping[str, bytes | Path],
    *,
    companions: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write a bundle's files, the manifest last, into a directory that is made for it.

    Args:
        path: The directory; it must not be there yet.
        manifest: The manifest.
        files: Contents by file name, of every blob that the manifest names; a file that holds them,
            which must lie on the same file system, is moved.
        companions: Contents of files that are no part of the version, by name.

    Raises:
        BundleError: The disk is full or can't be written to.
    """
    with writing():
        path.mkdir()
        for name, data in files.items():
            if isinstance(data, Path):
                data.rename(path / name)
            else:
                (path / name).write_bytes(data)
        for name, data in companions.items():
            (path / name).write_bytes(data)
        (path / MANIFEST_NAME).write_bytes(manifest.to_bytes())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, over one that is there.

    Raises:
        BundleError: The disk is full or can't be written to.
    """
    new = path.with_name(f".{path.name}.new")
    with writing(path.name):
        try:
            new.write_bytes(data)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


@contextmanager
def writing(what: str = "the bundle") -> Iterator[None]:
    """Turn what the disk says to the making of a file into a `BundleError` that names it."""
    try:
        yield
    except OSError as error:
        raise BundleError(
            f"can't write {what}: {error.strerror or error}; free some space, or name another place"
        ) from error


def plain_blob(role: Literal["golden", "certificate"], path: str, data: bytes) -> Blob:
    """The manifest's entry for a file that is stored as it is."""
    digest = hashlib.sha256(data).hexdigest()
    return Blob(
        role=role,
        path=path,
        compression="none",
        size=len(data),
        sha256=digest,
        unpacked_size=len(data),
        unpacked_sha256=digest,
    )


def check_name(name: str) -> str:
    """The name itself, if a model can be called that.

    Raises:
        UsageError: It can't; the message shows the rule.
    """
    if NAME.fullmatch(name):
        return name
    raise UsageError(
        f"'{name:.80}' can't be a model's name: use lower-case letters, digits and ._- "
        f"(at most {_LONGEST_NAME}, the first and last a letter or digit), such as "
        f"'{default_name(name)}'"
    )


def default_name(stem: str) -> str:
    """A model's name made from the name of a file."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", stem.lower())[:_LONGEST_NAME].strip("._-")
    return slug or "model"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"can't read {path}: {error.strerror or error}") from error
