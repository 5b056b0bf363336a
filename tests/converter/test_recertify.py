"""Certifying what is there: with its original, against itself, and from its golden examples."""

import errno
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle
from coldpress.errors import (
    BundleError,
    CertificationError,
    ExportError,
    SampleError,
    TrustError,
    UsageError,
)
from coldpress.pipeline import ModelSource, export, export_file
from coldpress.recertify import certify
from coldpress.registry import publish

RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(RANDOM.normal(size=(60, 3)), columns=["a", "b", "c"])
TRUTH = (ROWS["a"] > 0).astype(int)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model's file, one of another model, rows with labels, and the bundle of the first."""
    folder = tmp_path_factory.mktemp("files")
    joblib.dump(LogisticRegression().fit(ROWS, TRUTH), folder / "model.joblib")
    joblib.dump(LogisticRegression().fit(ROWS, 1 - TRUTH), folder / "other.joblib")
    joblib.dump(LogisticRegression().fit(ROWS[["a"]], TRUTH), folder / "narrow.joblib")
    ROWS.assign(churned=TRUTH).to_csv(folder / "rows.csv", index=False)
    source = ModelSource(model=folder / "model.joblib", trust=True)
    export_file(source, folder / "bundle", sample=folder / "rows.csv", labels="churned")
    return folder


def against(files, name, **more):
    """The bundle's certificate against an original."""
    original = ModelSource(model=files / name, trust=True)
    options = {"data": files / "rows.csv", "labels": "churned"} | more
    return certify(files / "bundle", original=original, **options)


def test_golden_examples(files):
    """By default a bundle is held against the answers that its original gave to a few rows."""
    found = certify(files / "bundle")
    assert found.passed
    assert found.rows == 5
    assert found.outputs[0].label_agreement == 1
    assert "the answers that the original gave" in found.original


def test_rows_alone(files):
    """With rows alone, it is held against the same graph without optimisations, metric and all."""
    found = certify(files / "bundle", data=files / "rows.csv", labels="churned")
    assert (found.passed, found.rows, found.metric.name) == (True, 60, "accuracy")
    assert "optimisations disabled" in found.original


def test_original(files):
    """With its original it passes on new rows; the metric is measured on both."""
    found = against(files, "model.joblib")
    assert (found.passed, found.rows) == (True, 60)
    assert found.metric.original == found.metric.export > 0.9
    assert found.outputs[0].label_agreement == 1


def test_another_model_fails(files):
    """Another model than the one that it was made from fails the certificate."""
    found = against(files, "other.joblib")
    assert not found.passed
    assert isinstance(found.failure(), CertificationError)
    assert "another label than the original" in str(found.failure())


def test_published(files, tmp_path):
    """A published model is fetched, verified and certified like a bundle."""
    publish(files / "bundle", str(tmp_path / "store"), channel="live")
    assert certify(f"{tmp_path / 'store'}/model@live").passed


def test_a_new_certificate_is_a_new_version(files, tmp_path):
    """Written into the bundle, the certificate gives it another version that holds it."""
    source = ModelSource(model=files / "model.joblib", trust=True)
    before = export_file(source, tmp_path / "b", sample=files / "rows.csv", labels="churned")
    found = certify(
        tmp_path / "b", original=ModelSource(model=files / "other.joblib", trust=True),
        data=files / "rows.csv", labels="churned", write=True,
    )  # fmt: skip
    after = Bundle.open(tmp_path / "b")
    assert after.digest != before.digest
    assert after.certificate() == found
    assert after.manifest.certificate.passed is False
    assert after.record() is not None


def test_the_ways_that_were_tried_stay(files):
    """A new certificate keeps the old one's rungs, and has probes of its own."""
    found = against(files, "model.joblib")
    before = Bundle.open(files / "bundle").certificate()
    assert found.rungs == before.rungs != ()
    assert [probe.name for probe in found.probes] == [probe.name for probe in before.probes] != []


@pytest.fixture
def failed(tmp_path):
    """A bundle whose certificate failed: its original answers otherwise."""
    model = LogisticRegression().fit(ROWS, TRUTH)
    model.predict_proba = lambda rows: np.full((len(rows), 2), 0.5)
    made = export(model, sample=ROWS, output=tmp_path / "failed", keep_failed=True)
    assert not made.certificate().passed
    return made


@pytest.mark.parametrize("data", [None, ROWS, "rows.csv"], ids=["golden", "frame", "file"])
def test_a_failed_bundle_can_not_be_certified_clean(files, failed, monkeypatch, data):
    """What compares a bundle with itself replaces no certificate: it stays failed, and refused."""
    monkeypatch.chdir(files)
    drop = ("churned",) if isinstance(data, str) else ()
    with pytest.raises(UsageError, match=r"only a comparison with the original.*--original MODEL"):
        certify(failed.path, data=data, drop=drop, write=True)
    assert Bundle.open(failed.path) == failed
    with pytest.raises(CertificationError):
        publish(failed.path, str(files / "store"))


def test_live_objects(files):
    """Original and rows may be live objects; labels may be values, and drop names columns."""
    model = LogisticRegression().fit(ROWS, TRUTH)
    found = certify(
        files / "bundle", original=model, data=ROWS.assign(id=1), drop=["id"], labels=TRUTH
    )
    assert (found.passed, found.rows, found.metric.name) == (True, 60, "accuracy")
    rows = files / "rows.csv"
    assert certify(files / "bundle", original=model, data=rows, labels="churned").passed
    assert certify(files / "bundle", data=ROWS.assign(y=TRUTH), labels="y").metric is not None
    other = LogisticRegression().fit(ROWS, 1 - TRUTH)
    assert not certify(files / "bundle", original=other, data=ROWS).passed


def test_a_bundle_with_notes_is_not_replaced(tmp_path):
    """A directory that holds somebody's own file is not written anew, and the file stays."""
    model = LogisticRegression().fit(ROWS, TRUTH)
    bundle = export(model, sample=ROWS, output=tmp_path / "b")
    (bundle.path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds notes\.txt"):
        certify(bundle, original=model, data=ROWS, write=True)
    assert Bundle.open(bundle.path) == bundle
    assert (bundle.path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_full_disk_is_explained(tmp_path, monkeypatch):
    """What the file system refuses is a sentence, and the bundle stays."""
    model = LogisticRegression().fit(ROWS, TRUTH)
    bundle = export(model, sample=ROWS, output=tmp_path / "b")

    def refuse(*_):
        raise OSError(errno.EMLINK, "Too many links")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(BundleError, match="can't write the bundle: Too many links"):
        certify(bundle, original=model, data=ROWS, write=True)
    assert Bundle.open(bundle.path) == bundle


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        pytest.param({"original": "model.joblib"}, UsageError, "--data", id="no-rows"),
        pytest.param({"original": ModelSource(model="model.joblib"), "data": "rows.csv",
                      "drop": ["churned"]}, TrustError, "--trust", id="no-trust"),
        pytest.param({"original": ModelSource(model="narrow.joblib", trust=True),
                      "data": "rows.csv", "labels": "churned"}, SampleError, "'b'", id="columns"),
        pytest.param({"data": "rows.csv"}, SampleError, "rows of shape", id="label-left-in"),
        pytest.param({"data": "none.csv"}, UsageError, "none.csv", id="no-such-file"),
        pytest.param({"labels": "churned"}, UsageError, "--data", id="labels-of-nothing"),
        pytest.param({"drop": ["churned"]}, UsageError, "--data", id="drop-of-nothing"),
        pytest.param({"data": [[1, 2, 3]]}, SampleError, "the data is a list", id="list"),
        pytest.param({"data": "rows.csv", "labels": TRUTH}, UsageError, "name it", id="values"),
        pytest.param({"original": "model.joblib", "data": ROWS}, UsageError, "live", id="mixed"),
        pytest.param({"original": 3, "data": ROWS}, ExportError, "no model", id="no-model"),
    ],
)  # fmt: skip
def test_misused(files, monkeypatch, arguments, error, said):
    """What can't be compared is said in one sentence, and the bundle stays as it is."""
    monkeypatch.chdir(files)
    digest = Bundle.open(files / "bundle").digest
    with pytest.raises(error, match=said):
        certify(files / "bundle", **arguments)
    assert Bundle.open(files / "bundle").digest == digest


def test_another_kind_of_model_is_told(files, tmp_path):
    """An original whose inputs are others than the bundle's is no original of it."""
    joblib.dump(LogisticRegression().fit(ROWS.assign(d=0.0), TRUTH), tmp_path / "wide.joblib")
    ROWS.assign(d=1.0).to_csv(tmp_path / "rows.csv", index=False)
    source = ModelSource(model=tmp_path / "wide.joblib", trust=True)
    with pytest.raises((ExportError, SampleError)):
        certify(files / "bundle", original=source, data=tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("bundle", "said"),
    [("nowhere", "there is no directory"), ("s3://b/m@live", "never changed")],
    ids=["nowhere", "published"],
)
def test_what_can_not_be_written(bundle, said):
    """Only a bundle that is there can be written to."""
    with pytest.raises(UsageError, match=said):
        certify(bundle, original="model.joblib", data="rows.csv", write=True)
