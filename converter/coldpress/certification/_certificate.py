"""The certificate: what was compared, on which rows, how far apart, and where it was measured."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain

from coldpress.errors import CertificationError
from coldpress_runtime.artifact import CertificateSummary

from ._tolerance import Tolerance

__all__ = [
    "SCHEMA_VERSION",
    "BatchCheck",
    "Certificate",
    "Metric",
    "OutputCheck",
    "ProbeCheck",
    "Rung",
]

SCHEMA_VERSION = 2


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
        histogram: How many values are equal, then how many absolute differences are below 1e-12,
            in each decade from there to 100, and above; empty for labels and text.
        fidelity: Share of the original's variance that is kept, R², or None if these are no
            numbers or there is no variance.
        winner_agreement: Fraction of rows whose largest value stands in the same place, where the
            rows are probabilities; else None.
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
    histogram: tuple[int, ...] = ()
    fidelity: float | None = None
    winner_agreement: float | None = None

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
class ProbeCheck:
    """The same comparison on rows that were made to find differences.

    Attributes:
        name: What the rows are, such as ``thresholds``.
        rows: How many there are.
        binding: Whether a difference fails the certificate, or is only told.
        accepted: Whether the original answers such rows; if not, nothing was compared.
        outputs: One check for each output.
        problem: Why nothing was compared; empty if something was.
    """

    name: str
    rows: int
    binding: bool
    accepted: bool = True
    outputs: tuple[OutputCheck, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the export answers like the original, or the original not at all."""
        return not self.accepted or (
            not self.problem and all(check.passed for check in self.outputs)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How well original and export do the task, on rows whose truth is known.

    Attributes:
        name: ``accuracy`` or ``r2``, the coefficient of determination.
        original: The original's.
        export: The export's.
        classes: The classes, in the order of the confusion matrices; empty for ``r2`` and for
            more than 50 classes.
        confusion_original: How many rows of each true class got each answer from the original,
            ``(true, answered)`` one row after the other.
        confusion_export: The same for the export's answers.
    """

    name: str
    original: float
    export: float
    classes: tuple[str, ...] = ()
    confusion_original: tuple[int, ...] = ()
    confusion_export: tuple[int, ...] = ()

    @property
    def drop(self) -> float:
        """How much worse the export is; negative where it is better."""
        return self.original - self.export


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
        passed: Whether every output answers like the original, in batches of every size and on
            every binding probe, and the metric does not drop.
        rows: Rows of the sample that were compared.
        original: What the original is, and how it was run.
        tolerance: What passes.
        outputs: One check for each output.
        batches: One check for each small batch size.
        probes: One check for each kind of probe.
        seed: What the probes were drawn with.
        metric: How well the task is done, where the truth is known.
        rungs: The ways to export that were tried, in order; the last is the one certified.
        versions: Versions of the packages that took part, by distribution name.
        machine: The processor's architecture, such as ``x86_64``.
        cpu_flags: Its extensions that decide how numbers are added up, sorted.
    """

    passed: bool
    rows: int
    original: str
    tolerance: Tolerance
    outputs: tuple[OutputCheck, ...]
    batches: tuple[BatchCheck, ...]
    versions: dict[str, str]
    machine: str
    cpu_flags: tuple[str, ...]
    probes: tuple[ProbeCheck, ...] = ()
    seed: int = 0
    metric: Metric | None = None
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
            tolerance=self.tolerance.kind,
        )

    def failure(self) -> CertificationError | None:
        """What its first failed check says, as an error; None if it passed."""
        checks = chain(self.outputs, *(batch.outputs for batch in self.batches))
        failed = next((check for check in checks if not check.passed), None)
        if failed is not None:
            return _failure(failed, f"output '{failed.name}' {failed.problem}")
        for probe in self.probes:
            if probe.binding and not probe.passed:
                return _probe_failure(probe)
        if self.passed or self.metric is None:
            return None
        drop, most = self.metric.drop, self.tolerance.max_metric_drop
        return CertificationError(
            f"the export does not do as well as the original: its {self.metric.name} is "
            f"{self.metric.export:.4f} instead of {self.metric.original:.4f}, "
            f"{drop:.4f} less where {most:g} is allowed",
            output="",
            rows=(),
            difference=drop,
        )

    def with_rungs(self, rungs: tuple[Rung, ...]) -> Certificate:
        """The certificate with the ways that were tried."""
        return replace(self, rungs=rungs)

    def to_bytes(self) -> bytes:
        """The certificate's file: JSON, indented for people, the same bytes for the same value."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False)
        return f"{text}\n".encode()


def _probe_failure(probe: ProbeCheck) -> CertificationError:
    failed = next((check for check in probe.outputs if not check.passed), None)
    if failed is None:
        return CertificationError(
            f"the export does not answer like the original on the {probe.name} probes: "
            f"{probe.problem}",
            output="",
            rows=(),
            difference=0.0,
        )
    return _failure(failed, f"on the {probe.name} probes, output '{failed.name}' {failed.problem}")


def _failure(failed: OutputCheck, told: str) -> CertificationError:
    return CertificationError(
        f"the export does not answer like the original: {told}",
        output=failed.name,
        rows=failed.wrong_rows,
        difference=failed.hard_flips or failed.max_abs_diff,
    )
