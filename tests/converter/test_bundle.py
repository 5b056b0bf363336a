"""Bundles: opened only when everything in them is what the manifest says."""

import json
import re

import numpy as np
import orjson
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle, check_name, default_name, plain_blob
from coldpress.errors import BundleError, UsageError
from coldpress.pipeline import export
from coldpress_runtime.artifact import MANIFEST_NAME, NAME
from coldpress_runtime.dialects.open_inference_json import parse
from coldpress_runtime.session import ModelSession
from coldpress_runtime.unpacking import unpack

ROWS = np.random.default_rng(0).normal(size=(50, 3))
MODEL = LogisticRegression().fit(ROWS, np.where(ROWS[:, 0] > 0, "yes", "no"))


@pytest.fixture
def bundle(tmp_path):
    """A bundle of a small classifier."""
    return export(MODEL, sample=ROWS, output=tmp_path / "My Model", name="small")


def test_opens_as_it_was_made(bundle):
    """A bundle opens with the manifest and digest that it was made with."""
    assert Bundle.open(bundle.path) == bundle
    assert bundle.digest == bundle.manifest.digest
    assert sorted(path.name for path in bundle.path.iterdir()) == [
        "certificate.json", "golden.json", "manifest.json", "model.onnx.zst",
    ]  # fmt: skip


def test_manifest_says_where_it_came_from(bundle):
    """Source, signature, runtime and proof stand in the manifest."""
    manifest = bundle.manifest
    assert manifest.name == "small"
    assert (manifest.source.framework, manifest.source.format) == ("scikit-learn", "object")
    assert {
        "scikit-learn",
        "skl2onnx",
        "onnxruntime",
        "coldpress",
    } <= manifest.source.versions.keys()
    assert manifest.signature.outputs[0].labels == ("no", "yes")
    assert manifest.runtime.ir_version <= 10
    assert all(version <= 21 for version in manifest.runtime.opsets.values())
    assert manifest.certificate == bundle.certificate().summary


def test_golden_examples_are_answered(bundle):
    """Each golden request, parsed as the function does, gets the original's answer."""
    golden = orjson.loads(bundle.unpacked(bundle.manifest.blob("golden")))
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    assert len(golden["examples"]) == 5
    for example in golden["examples"]:
        tensors = parse(orjson.dumps(example["request"])).tensors
        answer = session.run(tensors)
        for output in example["response"]["outputs"]:
            told = np.array(output["data"]).reshape(output["shape"])
            if output["datatype"] == "BYTES":
                assert answer[output["name"]].tolist() == told.tolist()
            else:
                np.testing.assert_allclose(answer[output["name"]], told, atol=1e-5)


@pytest.mark.parametrize("role", ["golden", "certificate"])
def test_plain_blobs_are_what_they_are_called(role):
    """A file stored as it is gets just the role that was asked for, and one size and digest."""
    blob = plain_blob(role, "file.json", b"{}")
    assert (blob.role, blob.path, blob.compression) == (role, "file.json", "none")
    assert (blob.size, blob.sha256) == (blob.unpacked_size, blob.unpacked_sha256)
    assert unpack(blob, b"{}") == b"{}"


def test_no_clock_is_in_it(bundle, tmp_path):
    """The same model gives the same bundle to the byte."""
    assert export(MODEL, sample=ROWS, output=tmp_path / "b", name="small").digest == bundle.digest


@pytest.mark.parametrize("file", ["model.onnx.zst", "golden.json", "certificate.json"])
@pytest.mark.parametrize("damage", ["altered", "truncated", "missing"])
def test_damage_is_found(bundle, file, damage):
    """A file that is altered, cut short or gone keeps the bundle from opening, by its name."""
    path = bundle.path / file
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data if damage == "altered" else data[:-1])
    with pytest.raises(BundleError, match=re.escape(file)):
        Bundle.open(bundle.path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "is not JSON", id="no-json"),
        pytest.param(b"{}", "schema_version", id="empty"),
        pytest.param(None, "no bundle", id="missing"),
    ],
)
def test_bad_manifests_are_explained(bundle, content, said):
    """A directory whose manifest can't be read is no bundle."""
    path = bundle.path / MANIFEST_NAME
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=said):
        Bundle.open(bundle.path)


def test_another_manifest_is_another_version(bundle):
    """An edited manifest changes the digest: it can't pass for the version that it was."""
    path = bundle.path / MANIFEST_NAME
    fields = json.loads(path.read_bytes()) | {"name": "other"}
    path.write_text(json.dumps(fields), encoding="utf-8")
    assert Bundle.open(bundle.path).digest != bundle.digest


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("churn", "churn"),
        ("My Model (final)", "my-model-final"),
        ("Überpreis_v2.1", "berpreis_v2.1"),
        ("...", "model"),
        ("x" * 100, "x" * 63),
        ("x" * 62 + "--y", "x" * 62),
    ],
)
def test_names_are_made_of_file_names(stem, name):
    """Any file's name becomes a name that a model can have."""
    assert default_name(stem) == name
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "Churn", "a/b", "-a", "a-", "x" * 64, "a b"])
def test_bad_names_show_the_rule(name):
    """A name that no model can have is refused with the rule."""
    with pytest.raises(UsageError, match="lower-case letters, digits"):
        check_name(name)
