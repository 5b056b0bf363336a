"""From a trained model to an export that is proven: the ladder is climbed until a rung holds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from coldpress.bundle import writing
from coldpress.certification import Certificate, Rung, certify
from coldpress.compress import simplified
from coldpress.compress.simplify import trimmed
from coldpress.errors import CertificationError, ExportError, brief
from coldpress.exporters import Attempt, Exported, Reference, attempts
from coldpress.layout import lay_out
from coldpress.load import TrainedModel
from coldpress.onnx_file import OnnxFile
from coldpress.sample import Sample
from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import RuntimeFault
from coldpress_runtime.session import ModelSession

__all__ = ["Progress", "Proven", "packages_of", "prove"]

Progress: TypeAlias = Callable[[str], None]

_EVERYWHERE = ("coldpress", "onnxruntime")
# Characters of the reason of a rung that is not the last.
_REASON = 160


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proven:
    """A model in the layout in which it was held against its original.

    Attributes:
        exported: What the converter gave.
        model: What the session was opened on: laid out, and smaller where that lost nothing.
        reference: What it was held against.
        signature: What it takes and gives.
        certificate: The proof; a failed one only where that was asked for.
    """

    exported: OnnxFile
    model: OnnxFile
    reference: Reference
    signature: Signature
    certificate: Certificate


def prove(
    trained: TrainedModel,
    sample: Sample,
    folder: Path,
    progress: Progress,
    *,
    keep_failed: bool = False,
) -> Proven:
    """The first export that answers like the original.

    Args:
        trained: The model.
        sample: Rows that give types and are compared.
        folder: Where large tensors may be written.
        progress: Called with what is about to be done.
        keep_failed: Whether an export whose certificate fails is better than none; then the first
            of them.

    Raises:
        ExportError: The model can't be written as ONNX, or what is written can't be served.
        CertificationError: No export answers like the original; this is of the last.
    """
    rungs: list[Rung] = []
    failure: Exception = ExportError("there is no way to export this model")
    failed: Proven | None = None
    for attempt in attempts(trained, sample):
        try:
            proven = _attempted(trained, attempt, folder, progress)
            failed = failed or proven
            if error := proven.certificate.failure():
                raise _cautioned(error, proven.reference.caution)
        except (ExportError, CertificationError, RuntimeFault) as error:
            rungs.append(Rung(name=attempt.name, held=False, reason=str(error)))
            failure = error
        else:
            rungs.append(Rung(name=attempt.name, held=True))
            return _with_rungs(proven, rungs)
    if failed is not None and keep_failed:
        return _with_rungs(failed, rungs)
    if isinstance(failure, RuntimeFault):
        failure = ExportError(f"the export can't be served: {failure}")
    raise _with_others(failure, rungs)


def packages_of(trained: TrainedModel) -> tuple[str, ...]:
    """Distributions whose versions decide what an export is and how it answers."""
    return (*_EVERYWHERE, *trained.packages)


def _with_others(failure: Exception, rungs: list[Rung]) -> Exception:
    """The last rung's failure, which also tells why those before it did not hold."""
    others = [rung for rung in rungs[:-1] if rung.reason != rungs[-1].reason]
    if not others:
        return failure
    told = "; ".join(f"{rung.name}: {brief(rung.reason, _REASON)}" for rung in others)
    message = f"{failure} (in {rungs[-1].name}; before that, {told})"
    if isinstance(failure, CertificationError):
        return _saying(message, failure)
    return ExportError(message)


def _cautioned(failure: CertificationError, caution: str) -> CertificationError:
    """A failure with what explains it, where that is known."""
    return _saying(f"{failure}; {caution}", failure) if caution else failure


def _saying(message: str, failure: CertificationError) -> CertificationError:
    return CertificationError(
        message, output=failure.output, rows=failure.rows, difference=failure.difference
    )


def _with_rungs(proven: Proven, rungs: list[Rung]) -> Proven:
    return replace(proven, certificate=proven.certificate.with_rungs(tuple(rungs)))


def _attempted(trained: TrainedModel, attempt: Attempt, folder: Path, progress: Progress) -> Proven:
    progress(f"Exporting to ONNX ({attempt.name})")
    exported = attempt.export()
    plain, smaller = trimmed(exported.model), simplified(exported.model)
    proven = _compared(trained, exported, smaller, folder, progress)
    if proven.certificate.passed or smaller.graph == plain.graph:
        return proven
    # Simplifying reorders sums, and its tool may be wrong: that shall be no reason to refuse.
    return _compared(trained, exported, plain, folder, progress)


def _compared(
    trained: TrainedModel, exported: Exported, model: OnnxFile, folder: Path, progress: Progress
) -> Proven:
    """The model laid out, and held against its original."""
    with writing():
        # A folder of its own: a session of an attempt before may still map its weights.
        model = lay_out(model, Path(tempfile.mkdtemp(dir=folder)))
    session = model.open()
    progress(f"Comparing with the original on {exported.reference.rows.count:,} rows")
    certificate = certify(exported.reference, session, packages=packages_of(trained))
    return Proven(
        exported=exported.model,
        model=model,
        reference=exported.reference,
        signature=_signature(exported, session),
        certificate=certificate,
    )


def _signature(exported: Exported, session: ModelSession) -> Signature:
    labels = exported.reference.labels
    outputs = tuple(
        TensorSpec(
            name=spec.name,
            datatype=spec.datatype,
            shape=spec.shape,
            labels=labels.get(spec.name, ()),
        )
        for spec in session.outputs
    )
    return Signature(inputs=session.inputs, outputs=outputs, features=exported.reference.features)
