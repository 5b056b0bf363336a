"""A published version comes back whole, or not at all."""

import obstore
import pytest

from coldpress.bundle import replace_file
from coldpress.downloads import download
from coldpress.errors import BundleError, StoreError
from coldpress.registry import publish
from coldpress.stores import connect, model_uri


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    path = tmp_path / "download"
    path.mkdir()
    return path


def test_a_version_comes_back(store_root, framed_bundle, folder):
    """By a channel, every file comes back as it was, companions too."""
    replace_file(framed_bundle.path / "report.html", b"<!doctype html>")
    publish(framed_bundle, store_root, channel="live")
    bundle = download(model_uri(f"{store_root}/churn@live"), folder)
    assert (bundle.digest, bundle.manifest) == (framed_bundle.digest, framed_bundle.manifest)
    names = sorted(path.name for path in framed_bundle.path.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == names
    assert bundle.companion("report.html") == b"<!doctype html>"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"altered", StoreError, id="shorter"),
        pytest.param(bytes(10_000_000), StoreError, id="longer"),
        pytest.param(None, BundleError, id="as-long"),
    ],
)
def test_an_altered_file_is_found(store_root, churn_bundle, folder, data, error):
    """A file that is not the manifest's is refused; one of another length before it is fetched."""
    uri = publish(churn_bundle, store_root).uri
    data = data or bytes((churn_bundle.path / "model.onnx").stat().st_size)
    obstore.put(connect(store_root), uri.blob_path("model.onnx"), data)
    with pytest.raises(error, match="not what the manifest promises"):
        download(uri, folder)


def test_an_altered_manifest_is_found(store_root, churn_bundle, folder):
    """A manifest that is not what the URI pins is refused."""
    uri = publish(churn_bundle, store_root).uri
    obstore.put(connect(store_root), uri.manifest_path, b"{}")
    with pytest.raises(StoreError, match="not what the manifest promises"):
        download(uri, folder)


def test_a_version_that_is_not_there(store_root, folder):
    """What was never published is named."""
    connect(store_root, create=True)
    with pytest.raises(StoreError, match=r"churn/channels/live\.json is not in the store"):
        download(model_uri(f"{store_root}/churn@live"), folder)
