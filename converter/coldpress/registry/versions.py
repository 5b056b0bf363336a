"""What a store holds of a model: its versions, and what was deleted of them, and by whom.

A version is there for its readers as long as its manifest is.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import obstore

from coldpress.errors import UsageError
from coldpress_runtime.artifact import CLAIM_BYTES, DIGEST, MANIFEST_NAME, NAME
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.fields import Fields
from coldpress_runtime.pointers import ModelUri

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = [
    "Deletion",
    "StoredVersion",
    "actor",
    "asked_models",
    "deletions",
    "log_deletion",
    "manifest_of",
    "models",
    "versions",
]

_SCHEMA_VERSION = 1
_LOG = "log"
_VERSIONS = "versions"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """The objects of a version.

    Attributes:
        digest: Its digest.
        objects: Their paths below the store's root, the manifest's first.
        size: How many bytes they have together.
        modified: When the latest of them was written.
        complete: Whether the manifest is there; if not, a publish or a `gc` was
            broken off, or is under way.
    """

    digest: str
    objects: tuple[str, ...]
    size: int
    modified: datetime
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """An entry of the log.

    Attributes:
        version: Digest of the version that was deleted.
        at: When, as ISO 8601 in UTC with seconds.
        by: Who did it.
        bytes: How much room it took.
    """

    version: str
    at: str
    by: str
    bytes: int


def actor() -> str:
    """Who is at work, for logs: ``COLDPRESS_ACTOR``, or user and machine."""
    if named := os.environ.get("COLDPRESS_ACTOR", "").strip():
        return named
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{platform.node() or 'unknown'}"


def models(store: ObjectStore, root: str) -> list[str]:
    """The names of the models in a store.

    Raises:
        UsageError: It is no store but a model in one.
    """
    prefixes = obstore.list_with_delimiter(store)["common_prefixes"]
    if _VERSIONS in prefixes:
        inside = obstore.list_with_delimiter(store, f"{_VERSIONS}/")["common_prefixes"]
        if any(DIGEST.fullmatch(path.rpartition("/")[2]) for path in inside):
            above, _, name = root.rstrip("/").rpartition("/")
            raise UsageError(f"{root} is the model {name}; the store is {above}")
    return sorted(name for name in prefixes if NAME.fullmatch(name))


def asked_models(store: ObjectStore, root: str, only: Sequence[str]) -> list[str]:
    """The models that were asked for, or all that a store has; `UsageError` if one is not there."""
    names = models(store, root)
    if missing := sorted(set(only) - set(names)):
        raise UsageError(
            f"there is no model '{missing[0]:.64}' in {root}; it has {', '.join(names) or 'none'}"
        )
    return list(only) or names


def versions(store: ObjectStore, model: str) -> list[StoredVersion]:
    """Every version of a model, whole or not, the oldest first."""
    found: dict[str, list[Any]] = {}
    for page in obstore.list(store, f"{model}/versions/"):
        for entry in page:
            digest = entry["path"].removeprefix(f"{model}/versions/").partition("/")[0]
            if DIGEST.fullmatch(digest):
                found.setdefault(digest, []).append(entry)
    stored = [_version(digest, entries) for digest, entries in found.items()]
    return sorted(stored, key=lambda version: (version.modified, version.digest))


def log_deletion(store: ObjectStore, model: str, version: StoredVersion) -> Deletion:
    """Write down that a version is deleted, in an object of its own."""
    now = datetime.now(UTC)
    entry = Deletion(
        version=version.digest,
        at=now.isoformat(timespec="seconds"),
        by=actor(),
        bytes=version.size,
    )
    document = {
        "schema_version": _SCHEMA_VERSION,
        "action": "delete",
        "version": entry.version,
        "at": entry.at,
        "by": entry.by,
        "bytes": entry.bytes,
    }
    path = f"{model}/{_LOG}/{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}.json"
    data = f"{json.dumps(document, indent=2)}\n".encode()
    obstore.put(store, path, data, mode="create", use_multipart=False)
    return entry


def deletions(store: ObjectStore, model: str) -> Iterator[Deletion]:
    """What was deleted of a model, in the log's order.

    Raises:
        ArtifactError: An entry is none.
    """
    paths = [entry["path"] for page in obstore.list(store, f"{model}/{_LOG}/") for entry in page]
    for path in sorted(paths):
        try:
            yield _deletion(bytes(obstore.get(store, path).bytes()))
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from error


def manifest_of(root: str, model: str, digest: str) -> str:
    """Where a version's manifest lies below the store's root."""
    return ModelUri(root=root, name=model, digest=digest).manifest_path


def _version(digest: str, entries: list[Any]) -> StoredVersion:
    # A claim is no manifest: somebody deletes what is left, or was killed while doing so.
    kept = [
        entry
        for entry in entries
        if entry["size"] != CLAIM_BYTES or not _is_manifest(entry["path"])
    ]
    paths = sorted(
        (entry["path"] for entry in kept), key=lambda path: (not _is_manifest(path), path)
    )
    return StoredVersion(
        digest=digest,
        objects=tuple(paths),
        size=sum(entry["size"] for entry in kept),
        modified=max((entry["last_modified"] for entry in kept), default=_LONG_AGO),
        complete=any(map(_is_manifest, paths)),
    )


def _is_manifest(path: str) -> bool:
    return path.endswith(f"/{MANIFEST_NAME}")


def _deletion(data: bytes) -> Deletion:
    fields = Fields.from_json(data, "the log's entry")
    fields.schema_version("log", _SCHEMA_VERSION)
    fields.choice("action", ("delete",))
    return Deletion(
        version=fields.text("version", DIGEST),
        at=fields.text("at"),
        by=fields.text("by"),
        bytes=fields.integer("bytes", least=0),
    )
