"""The models that a function serves, as their bundles describe them: manifests and golden examples.

Nothing here opens a model, so neither numpy nor onnxruntime is imported.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import Any, NamedTuple

import orjson

from coldpress_runtime.artifact import Manifest, TensorSpec
from coldpress_runtime.errors import ArtifactError, ModelUnavailable
from coldpress_runtime.fetching import store_of
from coldpress_runtime.loading import as_unavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import Settings
from coldpress_runtime.store import fetch_manifest, read_blob, resolve
from coldpress_runtime.telemetry import Telemetry
from coldpress_runtime.version import VERSION

__all__ = ["Catalogue", "Entry", "catalogue_document"]

# How long a channel is believed to point where it pointed.
_FRESH_SECONDS = 60.0
_EXAMPLES_SCHEMA = 1


class Entry(NamedTuple):
    """One model of the catalogue.

    Attributes:
        manifest: What it is.
        version: The digest that is served.
        examples: Golden examples, each a request with the original's response, in the Open
            Inference Protocol; empty where the bundle has none.
        alone: Whether the function serves no other model, so that requests need not name it.
    """

    manifest: Manifest
    version: str
    examples: tuple[dict[str, Any], ...] = ()
    alone: bool = True

    @property
    def name(self) -> str:
        """The model's name, as paths have it."""
        return self.manifest.name

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The names of each input's columns; an input without names is not there."""
        signature = self.manifest.signature
        if not signature.features:
            return {}
        names = [spec.name for spec in signature.inputs]
        if len(names) == 1:
            return {names[0]: signature.features}
        return {name: (feature,) for name, feature in zip(names, signature.features, strict=False)}


class Catalogue:
    """Reads the models that the settings name, and keeps them for a minute.

    A failure is never kept: the next request tries again. A model that can't be read is told as it
    was read last, or left out, and the log says why.

    Args:
        settings: What the function was told.
        telemetry: Where it is told what can't be read.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._lock = Lock()
        self._entries: tuple[Entry, ...] = ()
        self._until = 0.0

    def entries(self) -> tuple[Entry, ...]:
        """Every model that can be read, in the order of the settings.

        Raises:
            ModelUnavailable: None of them can be read now; `code` says why, for the log.
        """
        with self._lock:
            if time.monotonic() >= self._until:
                self._entries = self._read()
            return self._entries

    def _read(self) -> tuple[Entry, ...]:
        if problems := self._settings.problems:
            raise ModelUnavailable("; ".join(problems), code="configuration", retry_after=60)
        last = {entry.name: entry for entry in self._entries}
        found, faults = [], []
        for uri in self._settings.models:
            entry = last.get(uri.name)
            try:
                entry = self._entry(uri, entry)
            except (ArtifactError, ModelUnavailable) as error:
                faults.append(as_unavailable(error))
            if entry is not None:
                found.append(entry)
        if faults and not found:
            raise faults[0]
        for fault in faults:
            self._telemetry.failure(f"the catalogue lacks a model: {fault}", fault)
        self._until = 0.0 if faults else time.monotonic() + _FRESH_SECONDS
        return tuple(found)

    def _entry(self, uri: ModelUri, last: Entry | None) -> Entry:
        store = store_of(uri.root, self._settings.fetch)
        pinned = resolve(store, uri)
        if last is not None and last.version == pinned.digest:
            return last
        manifest = fetch_manifest(store, pinned)
        blob = manifest.golden
        examples = () if blob is None else _examples(read_blob(store, pinned, blob))
        alone = len(self._settings.models) == 1
        return Entry(manifest=manifest, version=pinned.digest, examples=examples, alone=alone)


def catalogue_document(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """The catalogue as JSON values."""
    return {
        "name": "coldpress",
        "version": VERSION,
        "models": [_described(entry) for entry in entries],
    }


def _described(entry: Entry) -> dict[str, Any]:
    manifest = entry.manifest
    signature = manifest.signature
    return {
        "name": entry.name,
        "version": entry.version,
        "source": {"framework": manifest.source.framework, "format": manifest.source.format},
        "compression": manifest.compression,
        "certificate": manifest.certificate._asdict(),
        "inputs": [_tensor(spec, entry.columns) for spec in signature.inputs],
        "outputs": [_tensor(spec, {}) for spec in signature.outputs],
        "examples": entry.examples,
    }


def _tensor(spec: TensorSpec, columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {**spec._asdict(), "columns": columns.get(spec.name, ())}


def _examples(data: bytes) -> tuple[dict[str, Any], ...]:
    """The examples of a golden blob, whose bytes are known to be the bundle's."""
    try:
        document = orjson.loads(data)
        if document["schema_version"] != _EXAMPLES_SCHEMA:
            return ()
        return tuple(document["examples"])
    except (ValueError, LookupError, TypeError) as error:
        raise ArtifactError("the golden examples are not in their format", where="blobs") from error
