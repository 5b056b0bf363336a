"""What an exporter gives: the ONNX file, and the original to hold it against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

from coldpress.onnx_file import Label, OnnxFile

__all__ = ["Attempt", "Exported", "Label", "Outputs", "Reference", "Rows"]

Outputs: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Some rows in both forms: as the export takes them, and as the original answers them.

    Attributes:
        name: What they are: ``sample``, or which kind of probe, such as ``thresholds``.
        tensors: Input name → array, the first dimension rows, as many in each.
        original: What the original answers to a slice of the rows, by output name. It may raise
            anything: probes that it refuses are left out.
        binding: Whether a difference on them fails the certificate, or is only told there.
    """

    name: str
    tensors: Mapping[str, NDArray[Any]]
    original: Callable[[slice], Outputs]
    binding: bool = True

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.tensors.values())))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """What an ONNX model is held against.

    Attributes:
        rows: The sample.
        described: What the original is and how it was run, for the certificate.
        probes: Further rows, made to find differences that a sample hides.
        features: Columns that a single matrix input holds, in order, or that several inputs
            stand for whose names had to be changed; else empty.
        label_outputs: Outputs of labels, which are compared for equality.
        labels: Class labels by output name: of a label output and of its scores.
        rankings: The output of scores that decides a label, by the label output's name: so ties
            can be told from errors. Of several scores the place is the class's; a single one
            decides by its sign.
        truth: The true label or target of each row of the sample, where they were given.
        timed: Asks the original for the sample's first row, or the least batch that the export
            takes, with all preparation done, so that it can be timed.
        ask: Asks the original for rows in the form in which the export takes them, for probes; it
            may raise anything. None if it can't be asked for other rows than its own.
        caution: What is known of the original that explains a failed certificate; empty if nothing
            is.
    """

    rows: Rows
    described: str
    probes: tuple[Rows, ...] = ()
    features: tuple[str, ...] = ()
    label_outputs: frozenset[str] = frozenset()
    labels: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    rankings: Mapping[str, str] = field(default_factory=dict)
    truth: NDArray[Any] | None = None
    timed: Callable[[], object] | None = None
    ask: Callable[[Mapping[str, NDArray[Any]]], Outputs] | None = None
    caution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exported:
    """An export, not yet proven.

    Attributes:
        model: The ONNX file.
        reference: What it is held against.
    """

    model: OnnxFile
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rung of a ladder: a way to export that may fail where the next one holds.

    Attributes:
        name: What sets it apart, such as ``float64``.
        export: Makes the export; raises `ExportError` if it can't be made.
    """

    name: str
    export: Callable[[], Exported]
