"""What is asked of a function and what it brings along; and what is refused of both."""

import json
import math
import re
import shutil
from pathlib import Path

import pytest

from coldpress.errors import UsageError
from coldpress.package.place import RECORD
from coldpress.planning.workload import KNOWN_PACKAGES, Artifact, Traffic, package_sizes


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"requests": 0}, "requests a month must be from 1", id="none"),
        pytest.param({"requests": -5}, "not -5", id="negative"),
        pytest.param({"cold_share": 1.5}, "share of cold starts must be from 0 to 1", id="share"),
        pytest.param({"cold_share": math.nan}, "not nan", id="nan"),
        pytest.param({"peak": 0.5}, "peak's factor must be from 1", id="peak"),
        pytest.param({"peak": math.inf}, "not inf", id="infinite"),
        pytest.param({"megabytes_per_second": 0}, "store's MB/s must be from 0.001", id="store"),
        pytest.param({"api": "soap"}, "use one of http-api, rest-api, function-url", id="api"),
    ],
)
def test_what_is_no_traffic(fields, message):
    """Traffic out of its range is refused in a sentence."""
    with pytest.raises(UsageError) as caught:
        Traffic(**{"requests": 1000, **fields})
    assert message in str(caught.value)


def test_small_artifacts_need_no_files(churn_bundle):
    """A small model is fetched as it is stored, and nothing goes into /tmp."""
    artifact = Artifact.of(churn_bundle)
    blob = churn_bundle.manifest.blob("model")
    assert artifact == Artifact(stored_bytes=blob.size, unpacked_bytes=blob.size, file_bytes=0)


def test_weights_go_into_files(framed_bundle):
    """Graph and weights are fetched, and the weights go into /tmp."""
    artifact = Artifact.of(framed_bundle)
    manifest = framed_bundle.manifest
    assert artifact.file_bytes == manifest.weights.unpacked_size == 10_000
    assert artifact.stored_bytes == manifest.blob("model").size + manifest.weights.size
    assert artifact.unpacked_bytes == manifest.blob("model").unpacked_size + 10_000


def test_known_packages(root):
    """Without a package, the sizes are those of docs/package.md, for Python 3.13."""
    page = (root / "docs" / "package.md").read_text("utf-8")
    row = r"^\| (\w+), Python 3\.13 \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|"
    rows = re.findall(row, page, re.MULTILINE)
    documented = {name: round(float(megabytes) * 1_000_000) for name, megabytes in rows}
    assert package_sizes(None) == KNOWN_PACKAGES == documented


def made_package(folder, architecture):
    """A directory like a build's, of 1,000 bytes beside the record."""
    (folder / "numpy").mkdir(parents=True)
    (folder / "numpy" / "core.so").write_bytes(bytes(1000))
    if architecture:
        record = json.dumps({"architecture": architecture})
        (folder / RECORD).write_text(record, encoding="utf-8")
    return 1000 + ((folder / RECORD).stat().st_size if architecture else 0)


@pytest.mark.parametrize("form", ["directory", "zip"])
@pytest.mark.parametrize(
    ("architecture", "counted"),
    [
        pytest.param("arm64", {"arm64"}, id="arm64"),
        pytest.param("", {"arm64", "x86_64"}, id="not-said"),
    ],
)
def test_a_package_is_measured(tmp_path, form, architecture, counted):
    """A build's unpacked size counts for the processor that it was built for, else for both."""
    size = made_package(tmp_path / "function", architecture)
    path = tmp_path / "function"
    if form == "zip":
        path = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "function")
    found = package_sizes(Path(path))
    assert {name for name, each in found.items() if each == size} == counted


@pytest.mark.parametrize("kind", ["missing", "no-zip"])
def test_what_is_no_package(tmp_path, kind):
    """What is neither a directory nor a zip is refused, with what to name instead."""
    path = tmp_path / "function.zip"
    if kind == "no-zip":
        path.write_text("no zip", encoding="utf-8")
    with pytest.raises(UsageError, match="name what coldpress build made"):
        package_sizes(path)
