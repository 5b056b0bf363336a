"""What tests of deleting share: somebody who does it, and others who come at the worst moment."""

from hashlib import sha256

import obstore
import pytest

from coldpress.registry import describe, publish
from coldpress.registry.collecting import collect
from coldpress.registry.versions import versions
from coldpress.stores import connect


@pytest.fixture
def gc(store_root):
    """Collects, whatever the age; gives the digests that went, and why the others stay."""

    def run(**options):
        (found,) = collect(store_root, **{"keep": 1, "min_days": 0, **options})
        return (
            [version.digest for version in found.deleted],
            {kept.version: kept.reason for kept in found.kept},
        )

    return run


@pytest.fixture
def present(store_root):
    """The digests of the versions that are there, whole or in part."""
    return lambda: {version.digest for version in versions(connect(store_root), "churn")}


@pytest.fixture
def before(monkeypatch):
    """Has something happen before the next call of one of obstore's functions, for such a path."""

    def interfere(name, happening, path=""):
        function = getattr(obstore, name)

        def interfered(*arguments, **options):
            asked = arguments[1] if len(arguments) > 1 else ""
            # The lease is nothing that others look at.
            if path not in asked or asked.endswith("/gc.json"):
                return function(*arguments, **options)
            monkeypatch.setattr(obstore, name, function)
            happening()
            return function(*arguments, **options)

        monkeypatch.setattr(obstore, name, interfered)

    return interfere


@pytest.fixture
def is_whole():
    """A function: whether every file of a version is in its store as its manifest says."""

    def look(uri):
        _, manifest = describe(uri)
        store = connect(uri.root)
        return all(
            sha256(bytes(obstore.get(store, uri.blob_path(blob.path)).bytes())).hexdigest()
            == blob.sha256
            for blob in manifest.blobs
        )

    return look


@pytest.fixture
def broken_off(store_root, make_bundle):
    """A bundle, and its URI in the store, where a publish was broken off before the manifest."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri
    obstore.delete(connect(store_root), uri.manifest_path)
    return bundle, uri


@pytest.fixture
def claimed(broken_off, gc, before):
    """A version whose leftovers somebody deletes who was killed on the way."""
    bundle, uri = broken_off

    def killed():
        raise KeyboardInterrupt

    before("delete", killed)
    with pytest.raises(KeyboardInterrupt):
        gc()
    return bundle, uri
