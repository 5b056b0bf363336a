"""The certificate: what was compared, on which rows, how far apart, and where it was measured."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain

from coldpress.errors import CertificationError
from coldpress_runtime.artifact import CertificateSummary

from ._checks import BatchCheck, Metric, OutputCheck, ProbeCheck, Rung
from ._tolerance import Tolerance

__all__ = ["SCHEMA_VERSION", "Certificate"]

SCHEMA_VERSION = 2


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
