"""Bills of materials: valid CycloneDX 1.6 by the strict schema, and true."""

import json
from datetime import UTC, datetime

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from coldpress.bom import bill_of_materials
from coldpress.certification import Metric
from coldpress.record import Record
from coldpress_runtime.artifact import Source
from tests.converter.conftest import certificate_of, output_check

RECORD = Record(made=datetime(2026, 11, 23, 10, tzinfo=UTC).isoformat())
METRIC = Metric(name="accuracy", original=0.95, export=0.94)
VERSIONS = {"scikit-learn": "1.9.0", "coldpress": "0.1.0", "Some_Package": "2.1+cpu"}


def source(framework):
    """A model file of a framework."""
    return Source(framework=framework, format="joblib", sha256="ab" * 32, versions=VERSIONS)


@pytest.mark.parametrize(
    ("framework", "record", "metric"),
    [
        pytest.param("scikit-learn", RECORD, METRIC, id="classifier"),
        pytest.param("xgboost", None, None, id="no-record"),
        pytest.param("torch", RECORD, None, id="network"),
    ],
)
def test_the_strict_schema_accepts_it(make_bundle, framework, record, metric):
    """Whatever a bundle holds, its bill of materials is one."""
    bundle = make_bundle(certificate_of(metric=metric), record=record, source=source(framework))
    text = bill_of_materials(bundle).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.fixture
def bom(make_bundle):
    """A classifier's bundle, and its bill of materials, read."""
    labels = output_check(label_agreement=0.99, histogram=())
    certificate = certificate_of(metric=METRIC, outputs=(labels,))
    bundle = make_bundle(certificate, record=RECORD, source=source("xgboost"))
    return bundle, json.loads(bill_of_materials(bundle))


def test_the_model_is_the_subject(bom):
    """The subject is the version, with every file's digest and a model card."""
    bundle, document = bom
    model = document["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert (model["name"], model["version"]) == ("churn", f"sha256:{bundle.digest}")
    digests = {file["name"]: file["hashes"][0]["content"] for file in model["components"]}
    assert digests == {blob.path: blob.sha256 for blob in bundle.manifest.blobs}
    parameters = model["modelCard"]["modelParameters"]
    assert parameters["task"] == "classification"
    assert parameters["architectureFamily"] == "gradient-boosted decision trees"
    assert parameters["inputs"] == [{"format": "x: FP32 [-1, 2]"}]


def test_metrics_are_the_certificates(bom):
    """What was measured stands in the model card."""
    card = bom[1]["metadata"]["component"]["modelCard"]
    metrics = {m["type"]: m["value"] for m in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert metrics["label agreement with the original"] == "0.99"
    assert metrics["accuracy of the export"] == "0.94"
    assert metrics["certificate passed"] == "true"


def test_libraries_have_package_urls(bom):
    """Each library is named as package URLs have it, and the model depends on all of them."""
    document = bom[1]
    purls = [library["purl"] for library in document["components"]]
    assert purls == [
        "pkg:pypi/some-package@2.1%2Bcpu",
        "pkg:pypi/coldpress@0.1.0",
        "pkg:pypi/onnxruntime@1.32.0",
        "pkg:pypi/scikit-learn@1.9.0",
    ]
    assert document["dependencies"][0]["dependsOn"] == purls


def test_the_serial_number_is_the_versions(make_bundle):
    """The same version has the same serial number, and another version another."""
    one, again, other = (
        json.loads(bill_of_materials(make_bundle(name=name, compression=compression)))
        for name, compression in [("a", "lossless"), ("b", "lossless"), ("c", "int8")]
    )
    assert one == again
    assert one["serialNumber"].startswith("urn:uuid:")
    assert one["serialNumber"] != other["serialNumber"]
