import hashlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldpress_runtime.artifact import (
    DATATYPES,
    SCHEMA_VERSION,
    Blob,
    CertificateSummary,
    Frame,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
    TensorSpec,
)
from coldpress_runtime.errors import ArtifactError

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=60)
MISSING = object()
DIGEST = "f32228edac54be2b1d412e23f7ee321fe6757c26ced4a47516b4361a693803ee"

_text = st.text(max_size=12)
_digests = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).hexdigest())
_sizes = st.integers(0, 2**62)
_lengths = st.integers(1, 2**40)
_labels = st.one_of(
    _text, st.integers(-(2**63), 2**63), st.booleans(), st.floats(allow_nan=False, width=64)
).filter(lambda label: label not in (float("inf"), float("-inf")))
_tensors = st.lists(
    st.builds(
        TensorSpec,
        name=_text,
        datatype=st.sampled_from(DATATYPES),
        shape=st.lists(st.integers(-1, 2**40), max_size=4).map(tuple),
        labels=st.lists(_labels, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda tensor: tensor.name,
).map(tuple)


def _blobs(role, path):
    return st.builds(
        Blob,
        role=st.just(role),
        path=st.just(path),
        compression=st.sampled_from(["zstd", "none"]),
        size=_sizes,
        sha256=_digests,
        unpacked_size=_sizes,
        unpacked_sha256=_digests,
        frames=st.just(()),
    ) | _framed(role, path)


def _framed(role, path):
    frames = st.lists(
        st.builds(Frame, size=_lengths, unpacked_size=_lengths, sha256=_digests),
        min_size=1,
        max_size=3,
    )
    return frames.map(
        lambda parts: Blob(
            role=role,
            path=path,
            compression="zstd",
            size=sum(part.size for part in parts),
            sha256=DIGEST,
            unpacked_size=sum(part.unpacked_size for part in parts),
            unpacked_sha256=DIGEST,
            frames=tuple(parts),
        )
    )


_manifests = st.builds(
    Manifest,
    name=st.from_regex(re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"), fullmatch=True),
    source=st.builds(
        Source,
        framework=_text,
        format=_text,
        sha256=_digests | st.just(""),
        versions=st.dictionaries(_text, _text, max_size=3),
    ),
    signature=st.builds(
        Signature, inputs=_tensors, outputs=_tensors, features=st.lists(_text).map(tuple)
    ),
    blobs=st.tuples(_blobs("model", "m.zst"), _blobs("weights", "w.zst"), _blobs("golden", "g")),
    compression=_text,
    certificate=st.builds(
        CertificateSummary,
        passed=st.booleans(),
        rows=_sizes,
        max_abs_diff=st.floats(allow_nan=False, allow_infinity=False),
        label_agreement=st.none() | st.floats(0, 1),
        tolerance=st.sampled_from(["exact", "lossy"]),
        forced=st.booleans(),
    ),
    runtime=st.builds(
        RuntimeNeeds,
        ir_version=st.integers(1, 99),
        opsets=st.dictionaries(_text, st.integers(), max_size=3),
        onnxruntime=_text,
    ),
    schema_version=st.just(SCHEMA_VERSION),
)

# Where in the golden manifest, what stands there instead, and what the error must name.
WRONG_FIELDS = {
    "no schema version": ("schema_version", MISSING, "schema_version"),
    "schema version 0": ("schema_version", 0, "schema_version"),
    "schema version as text": ("schema_version", "1", "schema_version"),
    "schema version true": ("schema_version", True, "schema_version"),
    "no name": ("name", MISSING, "name"),
    "name with a slash": ("name", "a/../b", "name"),
    "name of dots": ("name", "..", "name"),
    "name in capitals": ("name", "Iris", "name"),
    "name too long": ("name", "a" * 64, "name"),
    "name with a newline": ("name", "iris\n", "name"),
    "source null": ("source", None, "source"),
    "source digest short": ("source.sha256", "abc", "source.sha256"),
    "source version a number": ("source.versions.skl2onnx", 1.2, "source.versions.skl2onnx"),
    "no inputs": ("signature.inputs", [], "signature.inputs"),
    "inputs an object": ("signature.inputs", {}, "signature.inputs"),
    "input null": ("signature.inputs.0", None, "signature.inputs[0]"),
    "input without a name": ("signature.inputs.0.name", MISSING, "signature.inputs[0].name"),
    "outputs of one name": ("signature.outputs.0.name", "probabilities", "signature.outputs"),
    "datatype unknown": ("signature.outputs.1.datatype", "FP8", "signature.outputs[1].datatype"),
    "dimension -2": ("signature.inputs.0.shape.1", -2, "signature.inputs[0].shape[1]"),
    "dimension 1.0": ("signature.inputs.0.shape.1", 1.0, "signature.inputs[0].shape[1]"),
    "label null": ("signature.outputs.0.labels.1", None, "signature.outputs[0].labels[1]"),
    "feature a number": ("signature.features.2", 3, "signature.features[2]"),
    "no blobs": ("blobs", [], "blobs"),
    "two models": ("blobs.1.role", "model", "blobs"),
    "role unknown": ("blobs.1.role", "readme", "blobs[1].role"),
    "path outside": ("blobs.0.path", "../model", "blobs[0].path"),
    "path absolute": ("blobs.0.path", "/model", "blobs[0].path"),
    "path hidden": ("blobs.0.path", ".model", "blobs[0].path"),
    "path of the manifest": ("blobs.0.path", "manifest.json", "blobs"),
    "paths equal": ("blobs.0.path", "golden.json", "blobs"),
    "compression unknown": ("blobs.0.compression", "gzip", "blobs[0].compression"),
    "size negative": ("blobs.0.size", -1, "blobs[0].size"),
    "size beyond 64 bits": ("blobs.0.size", 2**62 + 1, "blobs[0].size"),
    "size a float": ("blobs.0.size", 10.0, "blobs[0].size"),
    "digest in capitals": ("blobs.0.sha256", "A" * 64, "blobs[0].sha256"),
    "digest empty": ("blobs.2.unpacked_sha256", "", "blobs[2].unpacked_sha256"),
    "passed a number": ("certificate.passed", 1, "certificate.passed"),
    "rows negative": ("certificate.rows", -1, "certificate.rows"),
    "difference as text": ("certificate.max_abs_diff", "0", "certificate.max_abs_diff"),
    "difference null": ("certificate.max_abs_diff", None, "certificate.max_abs_diff"),
    "agreement missing": ("certificate.label_agreement", MISSING, "certificate.label_agreement"),
    "IR version 0": ("runtime.ir_version", 0, "runtime.ir_version"),
    "opset as text": ("runtime.opsets", {"": "21"}, "runtime.opsets."),
    "runtime a list": ("runtime", [], "runtime"),
}

# The same for what came with schema version 2.
WRONG_FRAMES = {
    "no frames": ("blobs.0.frames", MISSING, "blobs[0].frames"),
    "frames an object": ("blobs.1.frames", {}, "blobs[1].frames"),
    "frame empty": ("blobs.1.frames.0.size", 0, "blobs[1].frames[0].size"),
    "frame of nothing": ("blobs.1.frames.1.unpacked_size", 0, "blobs[1].frames[1].unpacked_size"),
    "frame without a digest": ("blobs.1.frames.1.sha256", MISSING, "blobs[1].frames[1].sha256"),
    "a frame too few": ("blobs.1.frames.1", MISSING, "blobs"),
    "frames of another size": ("blobs.1.frames.0.unpacked_size", 41, "blobs"),
    "two weights": ("blobs.2.role", "weights", "blobs"),
}

# The same for what came with schema version 3.
WRONG_CERTIFICATES = {
    "no tolerance": ("certificate.tolerance", MISSING, "certificate.tolerance"),
    "tolerance unknown": ("certificate.tolerance", "loose", "certificate.tolerance"),
    "forced missing": ("certificate.forced", MISSING, "certificate.forced"),
    "forced a number": ("certificate.forced", 1, "certificate.forced"),
}


@pytest.fixture
def manifest(golden):
    """The golden manifest, read."""
    return Manifest.from_bytes(golden("manifests/v1.json"))


def _with(document, path, value):
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    place = document
    for step in parents:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document).encode()


def test_the_first_format_stays_readable(manifest, golden):
    """A manifest of schema version 1 is read field by field, now and for ever."""
    assert manifest.name == "breast-cancer"
    assert manifest.schema_version == 1
    assert manifest.source.versions["skl2onnx"] == "1.20.0"
    assert manifest.signature.inputs[0].shape == (-1, 3)
    assert manifest.signature.outputs[0].labels == ("gutartig", "bösartig")
    assert [type(label) for label in manifest.signature.outputs[2].labels] == [int, float, bool]
    assert [blob.role for blob in manifest.blobs] == ["model", "golden", "certificate"]
    assert manifest.certificate.max_abs_diff == 1.1920929e-07
    assert manifest.certificate.label_agreement is None
    assert manifest.runtime.opsets == {"": 21, "ai.onnx.ml": 3}
    assert manifest.to_bytes() == golden("manifests/v1.json")


def test_the_version_of_the_first_format_stays(manifest, golden):
    """The golden manifest's version is its bytes' digest, and never changes."""
    assert manifest.digest == DIGEST
    assert hashlib.sha256(golden("manifests/v1.json")).hexdigest() == DIGEST


def test_the_second_format_stays_readable(golden):
    """A manifest of schema version 2 has frames and weights, and is written as it was read."""
    manifest = Manifest.from_bytes(golden("manifests/v2.json"))
    assert manifest.schema_version == 2
    assert manifest.blob("model").frames == ()
    assert [frame.size for frame in manifest.weights.frames] == [20, 10]
    assert manifest.to_bytes() == golden("manifests/v2.json")


def test_the_third_format_stays_readable(golden):
    """A manifest of schema version 3 says what tolerance held and whether it was forced."""
    manifest = Manifest.from_bytes(golden("manifests/v3.json"))
    assert manifest.schema_version == 3
    assert manifest.compression == "int8"
    assert (manifest.certificate.tolerance, manifest.certificate.forced) == ("lossy", True)
    assert manifest.to_bytes() == golden("manifests/v3.json")


@pytest.mark.parametrize("version", [1, 2])
def test_earlier_certificates_were_exact_and_not_forced(golden, version):
    """What earlier formats did not say is what was so in their time."""
    certificate = Manifest.from_bytes(golden(f"manifests/v{version}.json")).certificate
    assert (certificate.tolerance, certificate.forced) == ("exact", False)


def test_the_first_format_knew_no_weights(golden, manifest):
    """A manifest of schema version 1 has no weights, and may not call a blob so."""
    assert manifest.weights is None
    data = _with(json.loads(golden("manifests/v1.json")), "blobs.1.role", "weights")
    with pytest.raises(ArtifactError, match="expected one of model, golden, certificate"):
        Manifest.from_bytes(data)


@REPEATABLE
@given(_manifests)
def test_what_is_written_is_read_again(manifest):
    """Every manifest comes back from its bytes as it was, types of labels included."""
    again = Manifest.from_bytes(manifest.to_bytes())
    assert again == manifest
    assert again.to_bytes() == manifest.to_bytes()


def test_the_canonical_form_is_fixed(manifest):
    """Canonical bytes are sorted, without spaces, in UTF-8, with one newline at the end."""
    data = manifest.to_bytes()
    assert data.startswith(b'{"blobs":[{"compression":"zstd","path":"model.onnx.zst",')
    assert "bösartig".encode() in data
    assert data.count(b"\n") == 1
    assert data.endswith(b"}\n")


def test_the_order_of_mappings_does_not_change_the_version(manifest):
    """Two manifests with the same content have the same version."""
    source = manifest.source._replace(versions=dict(reversed(manifest.source.versions.items())))
    assert manifest._replace(source=source).digest == manifest.digest


@pytest.mark.parametrize("role", ["model", "golden", "certificate"])
def test_a_blob_is_found_by_its_role(manifest, role):
    """Each role's blob is found."""
    assert manifest.blob(role).role == role


def test_a_role_without_a_blob_is_an_error(manifest):
    """Asking for a blob that the bundle has not says so."""
    only_model = manifest._replace(blobs=manifest.blobs[:1])
    with pytest.raises(ArtifactError, match="no golden blob"):
        only_model.blob("golden")


@pytest.mark.parametrize(("path", "value", "where"), WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
def test_a_wrong_field_is_refused_where_it_is(golden, path, value, where):
    """A manifest with a field missing or wrong is refused, and the error says which."""
    data = _with(json.loads(golden("manifests/v1.json")), path, value)
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_bytes(data)
    assert caught.value.where == where


@pytest.mark.parametrize(("path", "value", "where"), WRONG_FRAMES.values(), ids=WRONG_FRAMES.keys())
def test_a_wrong_frame_is_refused_where_it_is(golden, path, value, where):
    """Frames that are missing, empty or don't add up are refused, and the error says which."""
    data = _with(json.loads(golden("manifests/v2.json")), path, value)
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_bytes(data)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("path", "value", "where"), WRONG_CERTIFICATES.values(), ids=WRONG_CERTIFICATES.keys()
)
def test_a_wrong_certificate_is_refused_where_it_is(golden, path, value, where):
    """A tolerance or force that is missing or wrong is refused, and the error says which."""
    data = _with(json.loads(golden("manifests/v3.json")), path, value)
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_bytes(data)
    assert caught.value.where == where


def test_a_newer_schema_version_asks_for_an_upgrade():
    """A manifest of a later format is refused before its fields are read."""
    data = _with({"schema_version": 1}, "schema_version", SCHEMA_VERSION + 1)
    with pytest.raises(ArtifactError, match=r"schema version 4 .* upgrade coldpress") as caught:
        Manifest.from_bytes(data)
    assert caught.value.where == "schema_version"


def test_a_field_that_is_not_known_is_passed_over(golden, manifest):
    """A field that a later reader may add does not keep this one from reading."""
    data = _with(json.loads(golden("manifests/v1.json")), "note", "later")
    assert Manifest.from_bytes(data) == manifest


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\x00", b"[" * 250_000])
def test_bytes_that_are_no_manifest_are_refused(data):
    """What is no JSON object is refused, however deep it is."""
    with pytest.raises(ArtifactError):
        Manifest.from_bytes(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_carry_is_not_written(manifest, value):
    """A manifest with a NaN or an infinity has no bytes."""
    certificate = manifest.certificate._replace(max_abs_diff=value)
    with pytest.raises(ValueError, match="JSON compliant"):
        manifest._replace(certificate=certificate).to_bytes()
