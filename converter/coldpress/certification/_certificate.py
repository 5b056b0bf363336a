"""The certificate: what was compared, on which rows, how far apart, and where it was measured."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain

from coldpress.errors import BundleError, CertificationError
from coldpress_runtime.artifact import CertificateSummary
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.fields import Fields

__all__ = ["BatchCheck", "Certificate", "OutputCheck", "Rung"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCheck:
    """One output compared over some rows; differences are 0 for labels and text.

    Numbers are measured wherever both sides have a finite one; where a shape is another, there is
    nothing to measure and the differences are 0.

    Attributes:
        name: The output's name.
        datatype: Its datatype.
        rows: Rows compared.
        max_abs_diff: Largest absolute difference.
        p99_abs_diff: The 99th percentile of absolute differences.
        mean_abs_diff: Their mean.
        max_rel_diff: Largest difference relative to the original's value, which counts as at
            least `atol`.
        p99_rel_diff: The 99th percentile of relative differences.
        mean_rel_diff: Their mean.
        rows_beyond: Rows in which a value differs by more than ``atol + rtol · |original|``, or
            is not equal, for text; all of them where kind or shape is another; 0 for labels.
        nan_equal: Whether NaN stands in the same places.
        inf_equal: Whether infinities of the same sign stand in the same places.
        kind_equal: Whether both are floats, whole numbers, booleans or text.
        shape_equal: Whether the shapes are equal, and as declared.
        label_agreement: Fraction of labels that are equal, or None if these are no labels.
        ties: Labels that differ where the original's two best scores are closer than twice the
            largest difference of scores.
        hard_flips: Labels that differ for no such reason.
        wrong_rows: Indices into the sample of the rows at fault, the first five at most.
        problem: What is wrong, for a sentence that begins with the output; empty if nothing is.
    """

    name: str
    datatype: str
    rows: int
    max_abs_diff: float
    p99_abs_diff: float
    mean_abs_diff: float
    max_rel_diff: float
    p99_rel_diff: float
    mean_rel_diff: float
    rows_beyond: int
    nan_equal: bool
    inf_equal: bool
    kind_equal: bool
    shape_equal: bool
    label_agreement: float | None = None
    ties: int = 0
    hard_flips: int = 0
    wrong_rows: tuple[int, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the output answers like the original's."""
        return not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCheck:
    """The same comparison in small batches, which proves the free batch dimension.

    Attributes:
        size: Rows in one request.
        outputs: One check for each output, over all these requests.
    """

    size: int
    outputs: tuple[OutputCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to export that was tried.

    Attributes:
        name: What sets it apart, such as ``float64``.
        held: Whether its export was proven.
        reason: Why it was not; empty if it was.
    """

    name: str
    held: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was measured of an export beside its original, and so the proof, where it passed.

    Attributes:
        passed: Whether every output answers like the original, in batches of every size.
        rows: Rows of the sample that were compared.
        original: What the original is, and how it was run.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        outputs: One check for each output.
        batches: One check for each small batch size.
        rungs: The ways to export that were tried, in order; the last is the one certified.
        versions: Versions of the packages that took part, by distribution name.
        machine: The processor's architecture, such as ``x86_64``.
        cpu_flags: Its extensions that decide how numbers are added up, sorted.
    """

    passed: bool
    rows: int
    original: str
    rtol: float
    atol: float
    outputs: tuple[OutputCheck, ...]
    batches: tuple[BatchCheck, ...]
    versions: dict[str, str]
    machine: str
    cpu_flags: tuple[str, ...]
    rungs: tuple[Rung, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def summary(self) -> CertificateSummary:
        """The certificate in brief, for the manifest."""
        agreements = [
            check.label_agreement for check in self.outputs if check.label_agreement is not None
        ]
        return CertificateSummary(
            passed=self.passed,
            rows=self.rows,
            max_abs_diff=max((check.max_abs_diff for check in self.outputs), default=0.0),
            label_agreement=min(agreements) if agreements else None,
        )

    def failure(self) -> CertificationError | None:
        """What its first failed check says, as an error; None if it passed."""
        checks = chain(self.outputs, *(batch.outputs for batch in self.batches))
        failed = next((check for check in checks if not check.passed), None)
        if failed is None:
            return None
        return CertificationError(
            f"the export does not answer like the original: output '{failed.name}' "
            f"{failed.problem}",
            output=failed.name,
            rows=failed.wrong_rows,
            difference=failed.hard_flips or failed.max_abs_diff,
        )

    def with_rungs(self, rungs: tuple[Rung, ...]) -> Certificate:
        """The certificate with the ways that were tried."""
        return replace(self, rungs=rungs)

    def to_bytes(self) -> bytes:
        """The certificate's file: JSON, indented for people, the same bytes for the same value."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False)
        return f"{text}\n".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read a certificate's file.

        Raises:
            BundleError: It is none, or of a newer format.
        """
        try:
            return _certificate(Fields.from_json(data, "the file"))
        except ArtifactError as error:
            raise BundleError(f"the certificate can't be read: {error}") from error


def _certificate(fields: Fields) -> Certificate:
    version = fields.integer("schema_version", least=1)
    if version > SCHEMA_VERSION:
        raise BundleError(
            f"the certificate is of schema version {version} and this reader knows up to "
            f"{SCHEMA_VERSION}; upgrade coldpress"
        )
    return Certificate(
        schema_version=version,
        passed=fields.boolean("passed"),
        rows=fields.integer("rows", least=0),
        original=fields.text("original"),
        rtol=fields.number("rtol"),
        atol=fields.number("atol"),
        outputs=tuple(_output(output) for output in fields.children("outputs")),
        batches=tuple(_batch(batch) for batch in fields.children("batches")),
        versions=fields.mapping("versions", str),
        machine=fields.text("machine"),
        cpu_flags=fields.values("cpu_flags", (str,)),
        rungs=tuple(_rung(rung) for rung in fields.children("rungs")),
    )


def _output(fields: Fields) -> OutputCheck:
    return OutputCheck(
        name=fields.text("name"),
        datatype=fields.text("datatype"),
        rows=fields.integer("rows", least=0),
        max_abs_diff=fields.number("max_abs_diff"),
        p99_abs_diff=fields.number("p99_abs_diff"),
        mean_abs_diff=fields.number("mean_abs_diff"),
        max_rel_diff=fields.number("max_rel_diff"),
        p99_rel_diff=fields.number("p99_rel_diff"),
        mean_rel_diff=fields.number("mean_rel_diff"),
        rows_beyond=fields.integer("rows_beyond", least=0),
        nan_equal=fields.boolean("nan_equal"),
        inf_equal=fields.boolean("inf_equal"),
        kind_equal=fields.boolean("kind_equal"),
        shape_equal=fields.boolean("shape_equal"),
        label_agreement=fields.optional_number("label_agreement"),
        ties=fields.integer("ties", least=0),
        hard_flips=fields.integer("hard_flips", least=0),
        wrong_rows=fields.integers("wrong_rows", least=0),
        problem=fields.text("problem"),
    )


def _batch(fields: Fields) -> BatchCheck:
    return BatchCheck(
        size=fields.integer("size", least=1),
        outputs=tuple(_output(output) for output in fields.children("outputs")),
    )


def _rung(fields: Fields) -> Rung:
    return Rung(name=fields.text("name"), held=fields.boolean("held"), reason=fields.text("reason"))
