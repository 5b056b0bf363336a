"""A model URI to a model that can be opened: small parts in memory, large ones in files.

Nothing leaves this module that was not checked against the manifest, and the manifest itself
against the digest that names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .artifact import WEIGHTS_NAME, Blob, Manifest
from .errors import ArtifactError
from .options import FetchOptions
from .pointers import ModelUri
from .store import fetch_manifest, open_store, read_blob, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import ObjectStore

__all__ = ["Artifact", "fetch"]

_MODEL_NAME = "model.onnx"


class Artifact(NamedTuple):
    """A model as it came from the store, every byte verified.

    Attributes:
        uri: The pinned URI it was read from.
        manifest: What it is.
        model: The unpacked ONNX file, or its bytes.
        weights: Its large tensors where they lie apart: a file, or their bytes where there was no
            room for one.
    """

    uri: ModelUri
    manifest: Manifest
    model: bytes | Path
    weights: Path | memoryview | None = None


_DEFAULTS = FetchOptions()


def fetch(uri: ModelUri, options: FetchOptions = _DEFAULTS) -> Artifact:
    """Read a model by its URI, following the channel if it names one.

    Args:
        uri: Pinned or by channel; the channel is read once.
        options: How.

    Raises:
        ModelUnavailable: It can't be read; `code` is ``not_found``, ``denied`` or ``store``.
        IntegrityError: What was read is not what the manifest promises, twice in a row.
        ArtifactError: The manifest or the channel's file is not in the format, or the model is too
            large.
    """
    store = open_store(
        uri.root,
        seconds=options.seconds,
        retry_seconds=options.seconds,
        plain_http=options.plain_http,
        scratch=options.scratch,
    )
    pinned = resolve(store, uri)
    manifest = fetch_manifest(store, pinned)
    weights = manifest.weights
    _check_size(options.max_model_bytes, manifest.blob("model"), weights)
    return Artifact(
        uri=pinned,
        manifest=manifest,
        weights=weights and _large(store, pinned, weights, WEIGHTS_NAME, options),
        model=_model(store, pinned, manifest, options),
    )


def _check_size(most: int, model: Blob, weights: Blob | None) -> None:
    blobs = (model,) if weights is None else (model, weights)
    size = sum(max(blob.size, blob.unpacked_size) for blob in blobs)
    if size > most:
        raise ArtifactError(f"the model has {size:,} bytes; the limit is {most:,}")


def _model(
    store: ObjectStore, pinned: ModelUri, manifest: Manifest, options: FetchOptions
) -> bytes | Path:
    blob = manifest.blob("model")
    # Beside weights, onnxruntime takes the graph as bytes only.
    if not blob.frames or manifest.weights:
        return read_blob(store, pinned, blob)
    placed = _large(store, pinned, blob, _MODEL_NAME, options)
    return placed.tobytes() if isinstance(placed, memoryview) else placed


def _large(
    store: ObjectStore, pinned: ModelUri, blob: Blob, name: str, options: FetchOptions
) -> Path | memoryview:
    # Small models need none of this, and their cold start does not pay for its imports.
    from .placing import place  # noqa: PLC0415

    return place(
        store,
        pinned.blob_path(blob.path),
        blob,
        name=name,
        scratch=options.scratch,
        streams=options.streams,
    )
