"""The search for the smallest model that is still good enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress.certification import Certificate
from coldpress.onnx_file import OnnxFile
from coldpress.record import CandidateRecord
from coldpress.wanted import Wanted

if TYPE_CHECKING:
    from coldpress.exporters import Reference

__all__ = ["Pressed", "press"]


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


def press(
    model: OnnxFile,
    reference: Reference,
    certificate: Certificate,
    *,
    wanted: Wanted,
    folder: Path,
    progress: Callable[[str], None],
) -> Pressed:
    """Make a proven model as small as it may be.

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
    """
    return Pressed(technique="lossless", model=model, certificate=certificate)
