"""Certifying what is there: with its original, against itself, and from its golden examples."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle
from coldpress.errors import CertificationError, ExportError, SampleError, TrustError, UsageError
from coldpress.pipeline import ModelSource, export_file
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
        certify(bundle, write=True)
