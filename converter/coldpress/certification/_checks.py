"""The parts of a certificate: what was measured of outputs, batches, probes and the task."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchCheck", "Metric", "OutputCheck", "ProbeCheck", "Rung"]


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
        rows_beyond: Rows in which a value differs by more than ``atol · scale + rtol ·
            |original|``, where the scale is the median of the column's absolute values in the
            sample, from 1 to 100, or is not equal, for text; all of them where kind or shape is
            another; 0 for labels.
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
        fidelity: Share of the original's variance that is kept, R², of the worst column or, of
            scores of classes, of all; None if these are no floats or there is no variance.
        winner_agreement: Fraction of rows whose largest value stands in the same place, where the
            rows are scores of classes; else None.
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

    @property
    def kept(self) -> float:
        """The least of what is told of agreement; without any, the share of rows that are equal."""
        told = (self.label_agreement, self.winner_agreement, self.fidelity)
        equal = 1 - self.rows_beyond / max(self.rows, 1)
        return min((figure for figure in told if figure is not None), default=equal)


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
