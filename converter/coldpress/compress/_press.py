"""The search for the smallest model that is still good enough."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress.bundle import writing
from coldpress.certification import Certificate
from coldpress.errors import brief
from coldpress.layout import lay_out
from coldpress.onnx_file import OnnxFile, serialised
from coldpress.record import CandidateRecord
from coldpress.wanted import Wanted

from ._gates import Gates, Verdict, agreement_of
from ._refusal import nothing_passes, nothing_to_press
from .techniques import CANDIDATES, Candidate, Material, build

if TYPE_CHECKING:
    from coldpress.exporters import Reference

__all__ = ["Pressed", "press"]

# What differs by less is of one size, and the faster is tried first.
_SMALLER = 0.999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pressed:
    """What was chosen.

    Attributes:
        technique: How it was made small.
        model: The model, laid out.
        certificate: Its proof.
        candidates: All that were tried, the chosen one among them, ranked.
    """

    technique: str
    model: OnnxFile
    certificate: Certificate
    candidates: tuple[CandidateRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tried:
    """A candidate, what was made of it if it passed, and what the gates said."""

    candidate: Candidate
    verdict: Verdict
    model: OnnxFile | None = None


def press(  # noqa: PLR0913 - each is a part of what was proven, or where to put it
    model: OnnxFile,
    reference: Reference,
    certificate: Certificate,
    *,
    wanted: Wanted,
    folder: Path,
    progress: Callable[[str], None],
) -> Pressed:
    """Make a proven model as small as it may be.

    A model whose proof failed stays as it is: a lossy certificate would hide that.

    Args:
        model: The model, proven and laid out.
        reference: What it was held against.
        certificate: The proof.
        wanted: How small, at what cost.
        folder: Where candidates may be written.
        progress: Called with what is about to be done.

    Raises:
        CompressionError: The technique that was asked for does not pass its gates; the message
            says which.
        BundleError: The disk is full.
    """
    lossless = Pressed(technique="lossless", model=model, certificate=certificate)
    if wanted.technique == "lossless" or not certificate.passed:
        return lossless
    if error := nothing_to_press(model, wanted):
        if wanted.technique == "smallest":
            return replace(lossless, candidates=(_as_it_is(certificate, None, chosen=True),))
        raise error
    with writing():
        place = Path(tempfile.mkdtemp(dir=folder))
        progress("Measuring the lossless model")
        gates = Gates.around(
            model,
            reference,
            wanted=wanted,
            packages=tuple(certificate.versions),
            folder=place,
        )
    tried = _search(model, gates, progress)
    return _chosen(lossless, gates, tried)


def _search(model: OnnxFile, gates: Gates, progress: Callable[[str], None]) -> list[_Tried]:
    """Try the candidates one by one; only the smallest that passed stays on disk."""
    technique = gates.wanted.technique
    material = Material(model=model, tensors=gates.reference.rows.tensors, folder=gates.folder)
    tried: list[_Tried] = []
    best: int | None = None
    for candidate in CANDIDATES:
        if technique not in ("smallest", candidate.technique):
            continue
        progress(f"Trying {candidate.name}")
        one = _try(candidate, material, gates)
        if one.model is not None and (best is None or _is_smaller(one, tried[best])):
            if best is not None:
                tried[best] = _without_model(tried[best])
            best = len(tried)
        else:
            one = _without_model(one)
        tried.append(one)
    return tried


def _try(candidate: Candidate, material: Material, gates: Gates) -> _Tried:
    folder = Path(tempfile.mkdtemp(dir=gates.folder))
    try:
        model = _made(candidate, material, folder)
        verdict = gates.judge(model, folder)
    except Exception as error:  # noqa: BLE001 - a tool that fails is a candidate less
        told = brief(error) or type(error).__name__
        verdict = Verdict().refused("build", told)
    else:
        if verdict.gate is None:
            return _Tried(candidate=candidate, verdict=verdict, model=model)
    shutil.rmtree(folder, ignore_errors=True)
    return _Tried(candidate=candidate, verdict=verdict)


def _made(candidate: Candidate, material: Material, folder: Path) -> OnnxFile:
    """The candidate laid out as it would be served."""
    graph = serialised(build(candidate, material))
    return lay_out(OnnxFile(graph=graph, labels=material.model.labels), folder)


def _without_model(tried: _Tried) -> _Tried:
    if tried.model is not None and tried.model.folder is not None:
        shutil.rmtree(tried.model.folder, ignore_errors=True)
    return replace(tried, model=None)


def _chosen(lossless: Pressed, gates: Gates, tried: list[_Tried]) -> Pressed:
    best = next((one for one in tried if one.model is not None), None)
    if best is None and gates.wanted.technique != "smallest":
        found = [(one.candidate.name, one.verdict) for one in tried]
        raise nothing_passes(gates.wanted, found)
    as_it_is = _as_it_is(lossless.certificate, gates.bytes, chosen=best is None)
    records = [as_it_is, *(_record(one) for one in tried)]
    ranked = tuple(sorted(records, key=_rank))
    if best is None or best.model is None or best.verdict.certificate is None:
        return replace(lossless, candidates=ranked)
    return Pressed(
        technique=best.candidate.technique,
        model=best.model,
        certificate=best.verdict.certificate.with_rungs(lossless.certificate.rungs),
        candidates=ranked,
    )


def _rank(record: CandidateRecord) -> tuple[bool, bool, float]:
    """The chosen one, the others that passed by size, then those that did not."""
    return not record.chosen, not record.accepted, record.bytes or math.inf


def _as_it_is(certificate: Certificate, size: int | None, *, chosen: bool) -> CandidateRecord:
    return CandidateRecord(
        name="lossless",
        technique="lossless",
        accepted=True,
        chosen=chosen,
        bytes=size,
        agreement=agreement_of(certificate),
        metric_drop=certificate.metric.drop if certificate.metric else None,
        latency_ratio=1.0,
    )


def _record(tried: _Tried) -> CandidateRecord:
    verdict = tried.verdict
    certificate = verdict.certificate
    return CandidateRecord(
        name=tried.candidate.name,
        technique=tried.candidate.technique,
        accepted=verdict.gate is None,
        chosen=tried.model is not None,
        reason=verdict.reason,
        bytes=verdict.bytes,
        agreement=agreement_of(certificate) if certificate else None,
        metric_drop=certificate.metric.drop if certificate and certificate.metric else None,
        latency_ratio=verdict.latency_ratio,
    )


def _is_smaller(one: _Tried, other: _Tried) -> bool:
    return (one.verdict.bytes or 0) < _SMALLER * (other.verdict.bytes or 0)
