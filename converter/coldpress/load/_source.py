"""What is to be loaded: where it is, and what its reader allows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from coldpress.errors import LoadError, UsageError

__all__ = ["ModelFile", "Source", "read_file", "tree_digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A trained model that is to be loaded.

    Attributes:
        path: A file whose suffix says what it is, a directory with a SavedModel, or
            ``module:factory``.
        trust: Whether reading it may run code that comes with it.
        weights: State dict or safetensors file for the module that a factory makes.
        signature: Key of the SavedModel's signature to export.
    """

    path: str
    trust: bool = False
    weights: Path | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model's file, read once: what is hashed is what is loaded.

    Attributes:
        path: Where it was.
        data: Its bytes.
    """

    path: Path
    data: bytes

    @property
    def suffix(self) -> str:
        """The suffix in lower case, with its dot."""
        return self.path.suffix.lower()

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def read_file(path: Path) -> ModelFile:
    """A file's bytes.

    Raises:
        UsageError: It can't be read.
        LoadError: It is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read the model {path}: {error.strerror or error}") from error
    if not data:
        raise LoadError(f"{path.name} is empty")
    return ModelFile(path=path, data=data)


def tree_digest(folder: Path) -> str:
    """SHA-256 over the files of a folder: each one's path in it and digest, in order of paths.

    Raises:
        LoadError: There is a link in it, behind which the files could be others each time.
        UsageError: It can't be read.
    """
    digest = hashlib.sha256()
    try:
        for path in sorted(folder.rglob("*")):
            within = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise LoadError(
                    f"{folder.name} has a link in it, {within!r:.80}; put a copy of what it stands "
                    "for in its place: cp -rL copies a directory so"
                )
            if path.is_file():
                digest.update(within.encode() + b"\0")
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise UsageError(f"can't read the model {folder}: {error.strerror or error}") from error
    return digest.hexdigest()
