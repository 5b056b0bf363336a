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

    from .placing import Placed

__all__ = ["Artifact", "fetch", "store_of"]

_MODEL_NAME = "model.onnx"


class Artifact(NamedTuple):
    """A model as it came from the store, every byte verified.

    Attributes:
        uri: The pinned URI it was read from.
        manifest: What it is.
        model: The unpacked ONNX file, or its bytes.
        weights: Its large tensors where they lie apart: a file, or their bytes where there was no
            room for one.
        note: Why something large is in memory instead of a file; empty if nothing is.
    """

    uri: ModelUri
    manifest: Manifest
    model: bytes | Path
    weights: Path | memoryview | None = None
    note: str = ""


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
    store = store_of(uri.root, options)
    pinned = resolve(store, uri)
    manifest = fetch_manifest(store, pinned)
    weights = manifest.weights
    _check_size(options.max_model_bytes, manifest.blob("model"), weights)
    if weights is not None:
        placed = _large(store, pinned, weights, WEIGHTS_NAME, options)
        # Beside weights, onnxruntime takes the graph as bytes only.
        model = read_blob(store, pinned, manifest.blob("model"))
        return Artifact(
            uri=pinned, manifest=manifest, model=model, weights=placed.content, note=placed.note
        )
    return _in_one_piece(store, pinned, manifest, options)


def store_of(root: str, options: FetchOptions, *, create: bool = False) -> ObjectStore:
    """A store by its URL; no request is made yet.

    Args:
        root: Its URL, such as the root of a model's URI.
        options: How it is asked.
        create: For ``file://``, make the directory if it isn't there.

    Raises:
        ModelUnavailable: The URL names no store.
    """
    return open_store(
        root,
        seconds=options.seconds,
        retry_seconds=options.seconds,
        plain_http=options.plain_http,
        scratch=options.scratch,
        create=create,
    )


def _check_size(most: int, model: Blob, weights: Blob | None) -> None:
    blobs = (model,) if weights is None else (model, weights)
    size = sum(max(blob.size, blob.unpacked_size) for blob in blobs)
    if size > most:
        raise ArtifactError(f"the model has {size:,} bytes; the limit is {most:,}")


def _in_one_piece(
    store: ObjectStore, pinned: ModelUri, manifest: Manifest, options: FetchOptions
) -> Artifact:
    blob = manifest.blob("model")
    if not blob.frames:
        return Artifact(uri=pinned, manifest=manifest, model=read_blob(store, pinned, blob))
    content, note = _large(store, pinned, blob, _MODEL_NAME, options)
    model = content.tobytes() if isinstance(content, memoryview) else content
    return Artifact(uri=pinned, manifest=manifest, model=model, note=note)


def _large(
    store: ObjectStore, pinned: ModelUri, blob: Blob, name: str, options: FetchOptions
) -> Placed:
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
