"""What is best looked at as a table: a certificate, and the candidates of compression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from coldpress.certification import Certificate, OutputCheck, ProbeCheck
from coldpress.record import CandidateRecord
from coldpress.units import human_bytes

__all__ = ["candidates_table", "certificate_table"]


def certificate_table(certificate: Certificate) -> Table:
    """What was compared, output by output, and the verdict."""
    table = Table("rows", "output", "largest difference", "rows beyond", "labels equal", "")
    for name, check, verdict in _checks(certificate):
        figures = _figures(check) if check else ("", "", "", "")
        table.add_row(name, *figures, verdict)
    return table


def candidates_table(candidates: Sequence[CandidateRecord]) -> Table:
    """What was tried to make a model smaller; the chosen one is marked."""
    table = Table("", "candidate", "stored", "agreement", "metric", "one row", "why not")
    for found in candidates:
        mark = "●" if found.chosen else ("○" if found.accepted else "×")
        table.add_row(
            mark,
            found.name,
            "" if found.bytes is None else human_bytes(found.bytes),
            "" if found.agreement is None else f"{found.agreement:.2%}",
            "" if found.metric_drop is None else f"{0.0 - found.metric_drop:+.4f}",
            "" if found.latency_ratio is None else f"{found.latency_ratio:.2f} ×",
            found.reason,
        )
    return table


def _checks(certificate: Certificate) -> Iterator[tuple[str, OutputCheck | None, Text]]:
    alike, apart = Text("alike", "green"), Text("not alike", "red")
    for check in certificate.outputs:
        yield f"{certificate.rows:,} rows", check, alike if check.passed else apart
    for batch in certificate.batches:
        for check in batch.outputs:
            yield f"batches of {batch.size}", check, alike if check.passed else apart
    for probe in certificate.probes:
        yield from _probe(probe, alike, apart if probe.binding else Text("differs", "yellow"))


def _probe(
    probe: ProbeCheck, alike: Text, apart: Text
) -> Iterator[tuple[str, OutputCheck | None, Text]]:
    name = f"{probe.name} ({probe.rows:,})"
    if not probe.accepted:
        yield name, None, Text("the original refuses them")
    elif probe.problem:
        yield name, None, Text.assemble(apart, f": {probe.problem}")
    for check in probe.outputs:
        yield name, check, alike if check.passed else apart


def _figures(check: OutputCheck) -> tuple[str, str, str, str]:
    name = check.name
    if check.label_agreement is None:
        return name, f"{check.max_abs_diff:.3g}", f"{check.rows_beyond:,}", ""
    ties = f", {check.ties} ties" if check.ties else ""
    return name, "", f"{check.hard_flips:,}{ties}", f"{check.label_agreement:.2%}"
