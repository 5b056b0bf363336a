"""The manifest's format, both directions: whoever writes or reads one does it here.

Standard library only: the function imports this before anything else. The version of a bundle is
the SHA-256 of its manifest's bytes, so a manifest is always written in one canonical form.

The values are named tuples, here and all over the runtime: each dataclass costs a cold start half a
millisecond, since its methods are compiled when it is imported.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Literal, NamedTuple

from .errors import ArtifactError
from .fields import Fields

__all__ = [
    "CLAIM_BYTES",
    "DATATYPES",
    "DIGEST",
    "MANIFEST_NAME",
    "NAME",
    "SCHEMA_VERSION",
    "WEIGHTS_NAME",
    "Blob",
    "CertificateSummary",
    "Frame",
    "Manifest",
    "RuntimeNeeds",
    "Signature",
    "Source",
    "TensorSpec",
]

SCHEMA_VERSION = 3
MANIFEST_NAME = "manifest.json"
# As long as no manifest is: what `coldpress gc` puts in its place while it deletes a version.
CLAIM_BYTES = 32
# The file that a graph whose weights lie apart reads them from: its `external_data` says so.
WEIGHTS_NAME = "weights.bin"

DATATYPES = (
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
)

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
DIGEST = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

_Role = Literal["model", "weights", "golden", "certificate"]
# The roles that a blob may have, by schema version.
_ROLES: dict[int, tuple[_Role, ...]] = {
    1: ("model", "golden", "certificate"),
    2: ("model", "weights", "golden", "certificate"),
    3: ("model", "weights", "golden", "certificate"),
}


class TensorSpec(NamedTuple):
    """One input or output of a model.

    Attributes:
        name: The tensor's name in the ONNX graph.
        datatype: Its Open Inference Protocol datatype, such as ``FP32`` or ``BYTES``.
        shape: Its dimensions; ``-1`` stands for a free one.
        labels: The class labels that the last dimension (probabilities) or the values (a label
            output) stand for, in the model's order; empty where there are none.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    labels: tuple[str | int | float | bool, ...] = ()


class Signature(NamedTuple):
    """What a model takes and gives, in the graph's order.

    Attributes:
        inputs: One spec for each input.
        outputs: One spec for each output.
        features: Names of the model's columns, in order: those of a single matrix input, or, where
            each column is an input of its own and had to be renamed, one for each input. Empty
            where the inputs name themselves or the model has no column names.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    features: tuple[str, ...] = ()


class Frame(NamedTuple):
    """A part of a blob that is read, checked and decompressed by itself.

    Attributes:
        size: Length in bytes as stored.
        unpacked_size: Length in bytes once decompressed.
        sha256: Digest of the stored bytes.
    """

    size: int
    unpacked_size: int
    sha256: str


class Blob(NamedTuple):
    """One file of a bundle beside the manifest.

    Attributes:
        role: What it is: ``model``, ``weights`` (the model's large tensors, one after the other,
            where they lie apart from it), ``golden`` or ``certificate``.
        path: Its file name inside the bundle.
        compression: ``zstd`` or ``none``.
        size: Length in bytes as stored.
        sha256: Lower-case hexadecimal digest of the stored bytes.
        unpacked_size: Length in bytes once decompressed.
        unpacked_sha256: Digest of the decompressed bytes.
        frames: The parts that a large blob consists of, in order and without gaps, so that several
            can be under way at once; empty where the blob is one whole.
    """

    role: _Role
    path: str
    compression: Literal["zstd", "none"]
    size: int
    sha256: str
    unpacked_size: int
    unpacked_sha256: str
    frames: tuple[Frame, ...] = ()


class Source(NamedTuple):
    """Where the model came from.

    Attributes:
        framework: ``scikit-learn``, ``xgboost``, ``lightgbm``, ``catboost``, ``keras``,
            ``tensorflow``, ``torch`` or ``onnx``.
        format: File suffix without the dot, or ``object`` for a live object.
        sha256: Digest of the model file; empty for a live object.
        versions: Versions of the packages that made the export, by distribution name.
    """

    framework: str
    format: str
    sha256: str
    versions: dict[str, str]


class CertificateSummary(NamedTuple):
    """The certificate in brief; the whole is in the bundle's ``certificate`` blob.

    Attributes:
        passed: Whether the export answers like the original.
        rows: How many sample rows were compared.
        max_abs_diff: Largest absolute difference over all numeric outputs.
        label_agreement: Fraction of rows whose label is equal, or None without a label output.
        tolerance: ``exact``, or ``lossy`` where the model was made smaller at some loss.
        forced: Whether somebody published the model although the certificate failed.
    """

    passed: bool
    rows: int
    max_abs_diff: float
    label_agreement: float | None
    tolerance: Literal["exact", "lossy"] = "exact"
    forced: bool = False


class RuntimeNeeds(NamedTuple):
    """What the model asks of onnxruntime.

    Attributes:
        ir_version: The file's ONNX IR version.
        opsets: Operator-set versions by domain; ``""`` is the default domain.
        onnxruntime: The version that the certificate was measured with.
    """

    ir_version: int
    opsets: dict[str, int]
    onnxruntime: str


class Manifest(NamedTuple):
    """What a bundle is. Its canonical bytes' SHA-256 is the bundle's version.

    Attributes:
        name: The model's name: lower-case letters, digits and ``._-``, at most 63 characters.
        source: Where the model came from.
        signature: What it takes and gives.
        blobs: Every other file of the bundle; exactly one has the role ``model``, and at most one
            the role ``weights``.
        compression: How the model was made small: ``lossless``, which changes no answer, ``int8``,
            ``int4`` or ``fp16``.
        certificate: The proof in brief.
        runtime: What the model asks of onnxruntime.
        schema_version: The format's version; this reader knows 1, which had no frames and no
            weights, 2, whose certificates were all exact and none forced, and 3.
    """

    name: str
    source: Source
    signature: Signature
    blobs: tuple[Blob, ...]
    compression: str
    certificate: CertificateSummary
    runtime: RuntimeNeeds
    schema_version: int = SCHEMA_VERSION

    def blob(self, role: str) -> Blob:
        """The blob with the given role; `ArtifactError` if there is none."""
        for blob in self.blobs:
            if blob.role == role:
                return blob
        raise ArtifactError(f"the bundle has no {role} blob", where="blobs")

    @property
    def weights(self) -> Blob | None:
        """The blob with the model's large tensors, if they lie apart from the graph."""
        return next((blob for blob in self.blobs if blob.role == "weights"), None)

    @property
    def golden(self) -> Blob | None:
        """The blob with the golden examples, if the bundle has any."""
        return next((blob for blob in self.blobs if blob.role == "golden"), None)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, 64 hexadecimal digits: the bundle's version."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """The canonical form: JSON with sorted keys, no spaces, UTF-8, a final newline."""
        text = json.dumps(
            self.document(),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        return f"{text}\n".encode()

    def document(self) -> dict[str, Any]:
        """The manifest as JSON values: objects, lists, strings, numbers."""
        document: dict[str, Any] = _plain(self)
        if self.schema_version == 1:
            for blob in document["blobs"]:
                del blob["frames"]
        if self.schema_version < 3:  # noqa: PLR2004 - see the attribute
            del document["certificate"]["tolerance"], document["certificate"]["forced"]
        return document

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest, checking every field.

        Raises:
            ArtifactError: The bytes are no manifest of a known schema version; `where` says which
                field is at fault.
        """
        return _manifest(Fields.from_json(data, "the manifest"))


def _manifest(fields: Fields) -> Manifest:
    version = fields.schema_version("manifest", SCHEMA_VERSION)
    manifest = Manifest(
        schema_version=version,
        name=fields.text("name", NAME),
        source=_source(fields.child("source")),
        signature=_signature(fields.child("signature")),
        blobs=tuple(_blob(blob, version) for blob in fields.children("blobs")),
        compression=fields.text("compression"),
        certificate=_certificate(fields.child("certificate"), version),
        runtime=_runtime(fields.child("runtime")),
    )
    _check_blobs(manifest.blobs)
    return manifest


def _check_blobs(blobs: tuple[Blob, ...]) -> None:
    roles = [blob.role for blob in blobs]
    if roles.count("model") != 1:
        raise ArtifactError(
            f"expected one blob of role model, found {roles.count('model')}", where="blobs"
        )
    if roles.count("weights") > 1:
        raise ArtifactError("expected at most one blob of role weights", where="blobs")
    if len({blob.path for blob in blobs} | {MANIFEST_NAME}) != len(blobs) + 1:
        raise ArtifactError("two files of the bundle have the same path", where="blobs")


def _source(fields: Fields) -> Source:
    return Source(
        framework=fields.text("framework"),
        format=fields.text("format"),
        sha256=fields.text("sha256", re.compile(f"(?:{DIGEST.pattern})?")),
        versions=fields.mapping("versions", str),
    )


def _signature(fields: Fields) -> Signature:
    return Signature(
        inputs=_tensors(fields, "inputs"),
        outputs=_tensors(fields, "outputs"),
        features=fields.values("features", (str,)),
    )


def _tensors(fields: Fields, key: str) -> tuple[TensorSpec, ...]:
    tensors = tuple(_tensor(tensor) for tensor in fields.children(key))
    if not tensors or len({tensor.name for tensor in tensors}) != len(tensors):
        raise ArtifactError(
            "expected at least one tensor, and no name twice", where=f"signature.{key}"
        )
    return tensors


def _tensor(fields: Fields) -> TensorSpec:
    return TensorSpec(
        name=fields.text("name"),
        datatype=fields.choice("datatype", DATATYPES),
        shape=fields.integers("shape", least=-1),
        labels=fields.values("labels", (str, int, float, bool)),
    )


def _blob(fields: Fields, version: int) -> Blob:
    blob = Blob(
        role=fields.choice("role", _ROLES[version]),
        path=fields.text("path", _FILE),
        compression=fields.choice("compression", ("zstd", "none")),
        size=fields.integer("size", least=0),
        sha256=fields.text("sha256", DIGEST),
        unpacked_size=fields.integer("unpacked_size", least=0),
        unpacked_sha256=fields.text("unpacked_sha256", DIGEST),
        frames=() if version == 1 else tuple(_frame(part) for part in fields.children("frames")),
    )
    if blob.frames and _total(blob.frames) != (blob.size, blob.unpacked_size):
        raise ArtifactError("the frames' sizes don't add up to the blob's", where="blobs")
    return blob


def _frame(fields: Fields) -> Frame:
    return Frame(
        size=fields.integer("size", least=1),
        unpacked_size=fields.integer("unpacked_size", least=1),
        sha256=fields.text("sha256", DIGEST),
    )


def _total(frames: tuple[Frame, ...]) -> tuple[int, int]:
    return sum(frame.size for frame in frames), sum(frame.unpacked_size for frame in frames)


def _certificate(fields: Fields, version: int) -> CertificateSummary:
    summary = CertificateSummary(
        passed=fields.boolean("passed"),
        rows=fields.integer("rows", least=0),
        max_abs_diff=fields.number("max_abs_diff"),
        label_agreement=fields.optional_number("label_agreement"),
    )
    if version < 3:  # noqa: PLR2004 - see Manifest.schema_version
        return summary
    tolerance: Literal["exact", "lossy"] = fields.choice("tolerance", ("exact", "lossy"))
    return summary._replace(tolerance=tolerance, forced=fields.boolean("forced"))


def _runtime(fields: Fields) -> RuntimeNeeds:
    return RuntimeNeeds(
        ir_version=fields.integer("ir_version", least=1),
        opsets=fields.mapping("opsets", int),
        onnxruntime=fields.text("onnxruntime"),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [_plain(item) for item in value]
        return {name: _plain(item) for name, item in zip(fields, value, strict=True)}
    return value
