"""Models of many signatures with golden examples, in a store, and the docs handler afresh."""

import hashlib
from functools import partial

import obstore
import orjson
import pytest

from coldpress_runtime.artifact import Blob
from coldpress_runtime.docs.catalogue import Entry
from coldpress_runtime.store import open_store
from tests.functions.docs.signatures import SIGNATURES, examples_of


@pytest.fixture
def entry_of(store_model):
    """Makes a catalogue's entry of a signature's name, with its golden example."""

    def make(kind, name="breast-cancer"):
        manifest = store_model("file:///nowhere", signature=SIGNATURES[kind]).manifest
        manifest = manifest._replace(name=name)
        examples = tuple(examples_of(SIGNATURES[kind]))
        return Entry(manifest=manifest, version=manifest.digest, examples=examples)

    return make


@pytest.fixture
def publish(store_model):
    """Writes a manifest with golden examples to a store, and gives the model with its URI."""

    def make(root, golden=None, kind="features"):
        data = orjson.dumps(
            golden or {"schema_version": 1, "examples": examples_of(SIGNATURES[kind])}
        )
        stored = store_model(root, signature=SIGNATURES[kind])
        digest = hashlib.sha256(data).hexdigest()
        blob = Blob(
            role="golden", path="golden.json", compression="none",
            size=len(data), sha256=digest, unpacked_size=len(data), unpacked_sha256=digest,
        )  # fmt: skip
        manifest = stored.manifest._replace(blobs=(*stored.manifest.blobs, blob))
        uri = stored.uri.pinned(manifest.digest)
        store = open_store(root, plain_http=True, create=True)
        obstore.put(store, uri.blob_path(blob.path), data)
        obstore.put(store, uri.manifest_path, manifest.to_bytes())
        return uri

    return make


@pytest.fixture
def load_docs(load_function):
    """Imports docs.py afresh, with the given environment."""
    return partial(load_function, "docs")
