"""Where an export does not answer like its original, told so that nobody overlooks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coldpress.certification import Certificate, OutputCheck, ProbeCheck

__all__ = ["Finding", "findings", "largest_difference", "verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference that fails the certificate.

    Attributes:
        where: On which rows, and which output.
        what: What is wrong.
        rows: The first rows at fault, by their index.
    """

    where: str
    what: str
    rows: tuple[int, ...] = ()


def findings(certificate: Certificate) -> tuple[Finding, ...]:
    """Every failed check that counts, in the certificate's order; empty if it passed."""
    if certificate.passed:
        return ()
    return tuple(_findings(certificate))


def verdict(probe: ProbeCheck) -> str:
    """What became of a probe, in a word: ``alike``, ``left out``, ``fails`` or ``differs``."""
    if not probe.accepted:
        return "left out"
    if probe.passed:
        return "alike"
    return "fails" if probe.binding else "differs"


def largest_difference(checks: tuple[OutputCheck, ...]) -> float:
    """The largest absolute difference over some outputs."""
    return max((check.max_abs_diff for check in checks), default=0.0)


def _findings(certificate: Certificate) -> Iterator[Finding]:
    yield from _of("on the sample", certificate.outputs)
    for batch in certificate.batches:
        yield from _of(f"in batches of {batch.size}", batch.outputs)
    for probe in certificate.probes:
        if probe.binding and not probe.passed:
            yield from _of(f"on the {probe.name} probes", probe.outputs)
            if probe.problem:
                yield Finding(where=f"on the {probe.name} probes", what=probe.problem)
    metric = certificate.metric
    if metric is not None and metric.drop > certificate.tolerance.max_metric_drop:
        yield Finding(
            where=f"{metric.name} on the labelled rows",
            what=f"is {metric.export:.4f} instead of {metric.original:.4f}",
        )


def _of(where: str, checks: tuple[OutputCheck, ...]) -> Iterator[Finding]:
    for check in checks:
        if not check.passed:
            yield Finding(
                where=f"output '{check.name}' {where}", what=check.problem, rows=check.wrong_rows
            )
