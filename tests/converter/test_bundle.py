"""Bundles: opened only when everything in them is what the manifest says."""

import hashlib
import json
import re

import numpy as np
import orjson
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.blobs import unpacked_parts
from coldpress.bundle import (
    Bundle,
    check_name,
    default_name,
    plain_blob,
    replace_file,
    write_bundle,
)
from coldpress.errors import BundleError, UsageError
from coldpress.packing import Cutting, pack_blob
from coldpress.pipeline import export
from coldpress_runtime.artifact import MANIFEST_NAME, NAME
from coldpress_runtime.dialects.open_inference_json import parse
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(1)
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
        "bom.json", "certificate.json", "golden.json", "manifest.json", "model.onnx.zst",
        "record.json", "report.html",
    ]  # fmt: skip


def test_companions_are_no_part_of_the_version(bundle):
    """A companion may be written anew or deleted, and the bundle opens as the same version."""
    replace_file(bundle.path / "report.html", b"another one")
    (bundle.path / "record.json").unlink()
    assert Bundle.open(bundle.path) == bundle
    assert bundle.companion("report.html") == b"another one"
    assert bundle.companion("model.sig") is None
    assert bundle.record() is None
    assert not list(bundle.path.glob(".*"))


def test_a_record_tells_how_it_was_made(bundle):
    """The record has the sizes on the way, the last of them as stored, and the time of one row."""
    record = bundle.record()
    assert record.sizes[-1].bytes == bundle.manifest.blob("model").size
    assert record.latency.calls >= 3


def test_a_broken_record_is_explained(bundle):
    """A record that is no JSON is one sentence."""
    (bundle.path / "record.json").write_bytes(b"{")
    with pytest.raises(BundleError, match=r"record\.json can't be read: the file is not JSON"):
        bundle.record()


def test_a_file_that_cannot_be_replaced_is_named(tmp_path):
    """A companion that the disk refuses is named, and nothing is left."""
    with pytest.raises(BundleError, match=r"can't write report\.html: No such file"):
        replace_file(tmp_path / "gone" / "report.html", b"x")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(BundleError, match=r"can't write report\.html"):
        replace_file(tmp_path / "report.html", b"x")
    assert not list(tmp_path.glob(".*"))


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
def test_plain_blobs_are_what_they_are_called(tmp_path, role):
    """A file stored as it is gets just the role that was asked for, and one size and digest."""
    blob = plain_blob(role, "file.json", b"{}")
    assert (blob.role, blob.path, blob.compression) == (role, "file.json", "none")
    assert (blob.size, blob.sha256) == (blob.unpacked_size, blob.unpacked_sha256)
    (tmp_path / "file.json").write_bytes(b"{}")
    assert b"".join(unpacked_parts(blob, tmp_path / "file.json")) == b"{}"


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


@pytest.fixture(params=["zstd", "none"])
def large_bundle(request, bundle, tmp_path):
    """The same bundle, with 10 kB of weights in four frames that are compressed or not."""
    counted = np.arange(2500, dtype=np.int32).tobytes()
    weights = counted if request.param == "zstd" else RANDOM.bytes(10_000)
    (tmp_path / "weights").write_bytes(weights)
    cutting = Cutting(least_bytes=0, frame_bytes=2600)
    made = pack_blob(tmp_path / "weights", tmp_path, role="weights", cutting=cutting)
    assert (made.blob.compression, len(made.blob.frames)) == (request.param, 4)
    files = {blob.path: (bundle.path / blob.path).read_bytes() for blob in bundle.manifest.blobs}
    blobs = (*bundle.manifest.blobs, made.blob)
    manifest = bundle.manifest._replace(blobs=blobs)
    write_bundle(tmp_path / "large", manifest, {**files, made.blob.path: made.stored})
    assert not made.stored.exists()
    return Bundle.open(tmp_path / "large")


def with_weights(bundle, data, **fields):
    """Give a bundle other weights, and its manifest other fields of them; the version changes."""
    blob = bundle.manifest.weights
    (bundle.path / blob.path).write_bytes(data)
    others = [other for other in bundle.manifest.blobs if other is not blob]
    manifest = bundle.manifest._replace(blobs=(*others, blob._replace(**fields)))
    (bundle.path / MANIFEST_NAME).write_bytes(manifest.to_bytes())


def test_frames_are_read_one_by_one(large_bundle, tmp_path):
    """The weights come frame by frame, and together are what was packed."""
    blob = large_bundle.manifest.weights
    pieces = [bytes(piece) for piece in large_bundle.unpacked_parts(blob)]
    assert [len(piece) for piece in pieces] == [frame.unpacked_size for frame in blob.frames]
    weights = (tmp_path / "weights").read_bytes()
    assert b"".join(pieces) == large_bundle.unpacked(blob) == weights


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_an_altered_frame_is_found(large_bundle, place):
    """One bit of any frame keeps the bundle from opening, by the file's name."""
    blob = large_bundle.manifest.weights
    data = bytearray((large_bundle.path / blob.path).read_bytes())
    data[sum(frame.size for frame in blob.frames[:place])] ^= 1
    (large_bundle.path / blob.path).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{blob.path} is not what the manifest promises"):
        Bundle.open(large_bundle.path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data, _: data[:-1], id="cut-in-a-frame"),
        pytest.param(lambda data, last: data[:-last], id="cut-between-frames"),
        pytest.param(lambda _data, _last: b"", id="empty"),
        pytest.param(lambda data, _: data + b"more", id="longer"),
        pytest.param(lambda data, last: data[-last:] + data[:-last], id="frames-in-another-order"),
    ],
)
def test_damaged_weights_are_found(large_bundle, damage):
    """Weights that are cut short, longer or in another order keep the bundle from opening."""
    blob = large_bundle.manifest.weights
    path = large_bundle.path / blob.path
    path.write_bytes(damage(path.read_bytes(), blob.frames[-1].size))
    with pytest.raises(BundleError, match=f"{blob.path} is not what the manifest promises"):
        Bundle.open(large_bundle.path)


@pytest.mark.parametrize("digest", ["sha256", "unpacked_sha256"])
def test_frames_in_another_order_are_not_the_blob(large_bundle, digest):
    """Frames that are swapped in the manifest too are refused for either digest of the whole."""
    blob = large_bundle.manifest.weights
    data = (large_bundle.path / blob.path).read_bytes()
    first, *others = blob.frames
    swapped = data[first.size :] + data[: first.size]
    weights = large_bundle.unpacked(blob)
    moved = weights[first.unpacked_size :] + weights[: first.unpacked_size]
    honest = {
        "sha256": hashlib.sha256(swapped).hexdigest(),
        "unpacked_sha256": hashlib.sha256(moved).hexdigest(),
    }
    del honest[digest]
    with_weights(large_bundle, swapped, frames=(*others, first), **honest)
    with pytest.raises(BundleError, match=f"{blob.path} is not what the manifest promises"):
        Bundle.open(large_bundle.path)


def test_a_frame_unpacks_to_its_size(large_bundle):
    """A manifest whose frames are said to be of other sizes than they are is refused."""
    blob = large_bundle.manifest.weights
    data = (large_bundle.path / blob.path).read_bytes()
    one, two, *others = blob.frames
    sizes = (one.unpacked_size + 1, two.unpacked_size - 1)
    lying = [f._replace(unpacked_size=n) for f, n in zip((one, two), sizes, strict=True)]
    with_weights(large_bundle, data, frames=(*lying, *others))
    with pytest.raises(BundleError, match=f"{blob.path} is not what the manifest promises"):
        Bundle.open(large_bundle.path)


def test_a_bundle_of_schema_version_1_opens(bundle):
    """A bundle that was made before there were frames opens, as the version that it was."""
    manifest = bundle.manifest._replace(schema_version=1)
    (bundle.path / MANIFEST_NAME).write_bytes(manifest.to_bytes())
    assert b"frames" not in manifest.to_bytes()
    assert Bundle.open(bundle.path).digest == manifest.digest


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
