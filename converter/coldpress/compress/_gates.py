"""What a candidate must pass, in order: it runs, is smaller, answers alike, and is not slower."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from coldpress.certification import Certificate, certify
from coldpress.errors import brief
from coldpress.latency import median_ms
from coldpress.onnx_file import OnnxFile, least_rows
from coldpress.wanted import Wanted
from coldpress_runtime.errors import RuntimeFault
from coldpress_runtime.session import ModelSession

from ._memory import remembering
from ._stored import stored_bytes
from ._trial import try_out, write_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference

__all__ = ["Gate", "Gates", "Verdict", "agreement_of"]

Gate: TypeAlias = Literal["build", "open", "size", "parity", "metric", "latency"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What the gates say to a candidate.

    Attributes:
        gate: The first that it did not pass; None if it passed all.
        reason: Why not, and by how much; empty if it passed.
        bytes: Its size as stored; None if it could not be made.
        certificate: Its comparison with the original; None if it did not come to that.
        latency_ratio: Time of a row relative to the lossless model; None if not measured.
    """

    gate: Gate | None = None
    reason: str = ""
    bytes: int | None = None
    certificate: Certificate | None = None
    latency_ratio: float | None = None

    def refused(self, gate: Gate, reason: str) -> Verdict:
        """The verdict with the gate that was not passed."""
        return replace(self, gate=gate, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gates:
    """The gates, set up for one model.

    Attributes:
        wanted: What passes.
        reference: The original, whose answers are kept.
        session: The lossless model, open.
        bytes: The lossless model's size as stored.
        packages: Distributions whose versions certificates record.
        folder: Where files may be written.
        row: The least that the model takes at a time.
    """

    wanted: Wanted
    reference: Reference
    session: ModelSession
    bytes: int
    packages: tuple[str, ...]
    folder: Path
    row: dict[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def around(
        cls,
        model: OnnxFile,
        reference: Reference,
        *,
        wanted: Wanted,
        packages: tuple[str, ...],
        folder: Path,
    ) -> Gates:
        """The gates for ways to make a model smaller."""
        session = model.open()
        size = least_rows(session.inputs)
        row = {name: array[:size] for name, array in reference.rows.tensors.items()}
        write_rows(row, folder)
        return cls(
            wanted=wanted,
            reference=remembering(reference),
            session=session,
            bytes=stored_bytes(model, folder),
            packages=packages,
            folder=folder,
            row=row,
        )

    def judge(self, model: OnnxFile, folder: Path) -> Verdict:
        """Let a candidate, laid out, through the gates.

        Args:
            model: The candidate.
            folder: Where its files may be written.
        """
        if problem := try_out(model, [*self.row], self.folder, folder):
            return Verdict().refused("open", problem)
        verdict = Verdict(bytes=stored_bytes(model, folder))
        if verdict.bytes is None or verdict.bytes >= self.bytes:
            return verdict.refused(
                "size", f"it is not smaller than the {self.bytes:,} bytes of the lossless model"
            )
        try:
            return self._compare(model.open(), verdict)
        except RuntimeFault as error:
            return verdict.refused("open", brief(error))

    def _compare(self, session: ModelSession, verdict: Verdict) -> Verdict:
        if (session.inputs, session.outputs) != (self.session.inputs, self.session.outputs):
            return verdict.refused("open", "its inputs or outputs are other ones")
        certificate = certify(
            self.reference, session, packages=self.packages, tolerance=self.wanted.tolerance
        )
        verdict = replace(verdict, certificate=certificate)
        if error := certificate.failure():
            batches = (check for batch in certificate.batches for check in batch.outputs)
            alike = all(check.passed for check in (*certificate.outputs, *batches))
            return verdict.refused("metric" if alike else "parity", _reason(str(error)))
        return self._time(session, verdict)

    def _time(self, session: ModelSession, verdict: Verdict) -> Verdict:
        """Time a row beside the lossless model, by turns."""
        lossless, other = median_ms(
            lambda: self.session.run(self.row), lambda: session.run(self.row)
        )
        ratio, most = other[0] / lossless[0], self.wanted.max_slowdown
        verdict = replace(verdict, latency_ratio=ratio)
        if most is None or ratio <= most:
            return verdict
        return verdict.refused(
            "latency",
            f"a row takes {ratio:.2f} times as long as the lossless model's, where {most:g} times "
            "is allowed",
        )


def agreement_of(certificate: Certificate) -> float | None:
    """Least agreement over the outputs: of labels, of winners, or the variance kept."""
    return min((check.kept for check in certificate.outputs), default=None)


def _reason(message: str) -> str:
    """What a failed certificate says, without what all of them say."""
    return message.partition(": ")[2] or message
