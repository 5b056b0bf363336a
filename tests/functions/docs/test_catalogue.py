"""The catalogue: what a function serves, from manifests and golden examples in a store."""

import json
import time

import pytest

from coldpress_runtime.docs.catalogue import Catalogue, Entry, catalogue_document
from coldpress_runtime.errors import IntegrityError, ModelUnavailable
from coldpress_runtime.settings import Settings
from coldpress_runtime.store import open_store
from coldpress_runtime.telemetry import Telemetry
from tests.functions.docs.signatures import SIGNATURES, examples_of


def catalogue(uri, **environment):
    """A catalogue of what an environment names."""
    settings = Settings.from_environment({"MODEL_URI": str(uri), **environment})
    return Catalogue(settings, Telemetry(settings))


def test_it_tells_manifest_and_examples(publish, local_root):
    """Name, version, tensors with columns and labels, and the golden examples are told."""
    uri = publish(local_root)
    document = catalogue_document(catalogue(uri).entries())
    (model,) = document["models"]
    assert (model["name"], model["version"]) == (uri.name, uri.digest)
    assert model["inputs"][0]["columns"] == SIGNATURES["features"].features
    assert model["outputs"][0]["labels"] == ("no", "yes")
    assert list(model["examples"]) == examples_of(SIGNATURES["features"])


def test_it_reads_from_s3_by_channel(store_model, s3_root, aws_environment):
    """A channel in S3 is followed; a bundle without golden examples has none."""
    stored = store_model(s3_root).put()
    (entry,) = catalogue(stored.live, **aws_environment).entries()
    assert entry == Entry(manifest=stored.manifest, version=stored.uri.digest)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("features", {"input": ("age", "income", "tenure in months")}),
        ("renamed columns", {"in_0": ("größe",), "in_1": ("Ort & Land",)}),
        ("columns", {}),
        ("image", {}),
    ],
)
def test_columns_have_their_inputs(entry_of, kind, columns):
    """Names belong to the columns of one matrix, or to one input each."""
    assert entry_of(kind).columns == columns


def test_it_reads_once_in_a_while(publish, local_root, monkeypatch):
    """Within a minute the store is left alone; afterwards a channel may have moved."""
    uri = publish(local_root)
    read = catalogue(uri)
    first = read.entries()
    monkeypatch.setattr("coldpress_runtime.docs.catalogue.store_of", None)
    assert read.entries() is first
    now = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with pytest.raises(TypeError):
        read.entries()


def test_a_failure_is_not_kept(local_root, store_model):
    """A store that has the model later is read later."""
    uri = store_model(local_root).uri
    open_store(local_root, create=True)
    read = catalogue(uri)
    with pytest.raises(ModelUnavailable):
        read.entries()
    store_model(local_root).put()
    assert read.entries()[0].version == uri.digest


BROKEN = {
    "no URI": ("no-uri", "configuration", "no model URI"),
    "no store": ("file:///nowhere/at-all/churn@live", "store", "can't open"),
}


@pytest.mark.parametrize(("uri", "code", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cant_be_read_is_unavailable(uri, code, message):
    """Settings that name nothing readable are a fault with a code for the log."""
    with pytest.raises(ModelUnavailable, match=message) as caught:
        catalogue(uri).entries()
    assert caught.value.code == code


def test_one_model_that_cant_be_read_hides_no_other(store_model, local_root, capsys):
    """The others are told, and the log says what is missing."""
    stored = store_model(local_root).put()
    read = catalogue(f"{stored.live} {local_root}/later@live")
    (entry,) = read.entries()
    assert (entry.name, entry.alone) == (stored.uri.name, False)
    (logged,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert logged["error_code"] == "not_found"


def test_what_was_read_last_stays(store_model, local_root, tmp_path, monkeypatch):
    """A model whose store fails later is told as it was: an outage empties no page."""
    read = catalogue(store_model(local_root).put().live)
    first = read.entries()
    (channel,) = tmp_path.rglob("live.json")
    channel.unlink()
    now = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert read.entries() == first


def test_settings_with_problems_are_told():
    """A variable that can't be read is the fault's message."""
    with pytest.raises(ModelUnavailable, match="MODEL_URI is not set") as caught:
        catalogue("").entries()
    assert caught.value.code == "configuration"


def test_altered_examples_are_refused(publish, local_root, tmp_path):
    """Golden examples that are not the manifest's are not shown."""
    uri = publish(local_root)
    (golden,) = tmp_path.rglob("golden.json")
    golden.write_bytes(golden.read_bytes().replace(b"yes", b"YES"))
    with pytest.raises(IntegrityError):
        catalogue(uri).entries()


def test_examples_of_another_format_are_refused(publish, local_root):
    """Golden examples in no known shape are a fault; those of a later schema are left out."""
    with pytest.raises(ModelUnavailable, match="golden examples"):
        catalogue(publish(local_root, golden=["x"])).entries()
    later = catalogue(publish(local_root, golden={"schema_version": 2, "examples": 1}))
    assert later.entries()[0].examples == ()
