"""The verdict on one output: its figures, which rows are at fault, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._certificate import OutputCheck
from ._compare import Difference, compare, margins, merge
from ._figures import decades, fidelity, winner_agreement
from ._tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Outputs, Reference
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["Answer", "Judge"]

_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What original and export say to the same rows.

    Attributes:
        rows: Which rows of the sample.
        original: The original's outputs by name.
        exported: The export's.
    """

    rows: slice
    original: Outputs
    exported: Outputs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """What decides whether two answers are alike.

    Attributes:
        reference: What is a label, and what decides it.
        tolerance: What passes.
    """

    reference: Reference
    tolerance: Tolerance

    def check_output(self, spec: TensorSpec, answers: Sequence[Answer]) -> OutputCheck:
        """Compare one output over all the answers, at least one."""
        is_label = spec.name in self.reference.label_outputs
        difference = self._difference(spec, answers, exact=is_label)
        hard = difference.beyond
        if is_label:
            ties = _ties(self.reference, spec.name, answers, difference, self.tolerance)
            hard = hard & ~ties
        check = _measured(spec, answers, difference, hard, is_label=is_label)
        rows = _rows_of(answers)[hard]
        problem = (
            _problem(difference, rows.tolist(), self.tolerance, is_label=is_label)
            if self.tolerance.kind == "exact"
            else _lossy_problem(check, difference, self.tolerance)
        )
        return replace(check, problem=problem)

    def _difference(
        self, spec: TensorSpec, answers: Sequence[Answer], *, exact: bool
    ) -> Difference:
        return merge(
            [
                compare(
                    answer.original[spec.name],
                    answer.exported[spec.name],
                    rows=answer.rows.stop - answer.rows.start,
                    declared=spec.shape,
                    exact=exact,
                    tolerance=self.tolerance,
                )
                for answer in answers
            ]
        )


def _ties(
    reference: Reference,
    name: str,
    answers: Sequence[Answer],
    difference: Difference,
    tolerance: Tolerance,
) -> NDArray[np.bool_]:
    """Rows whose label may differ: the original's best two scores are as good as equal."""
    none = np.zeros_like(difference.beyond)
    ranking = reference.rankings.get(name)
    if ranking is None or not difference.beyond.any() or difference.forms:
        return none
    pairs = [(a.original[ranking.scores], a.exported[ranking.scores]) for a in answers]
    rows = [answer.rows.stop - answer.rows.start for answer in answers]
    if any(a.shape != b.shape or len(a) != n for (a, b), n in zip(pairs, rows, strict=True)):
        return none
    original, scores = (np.concatenate(side) for side in zip(*pairs, strict=True))
    with np.errstate(invalid="ignore"):  # an infinite score on both sides proves no tie
        apart = np.abs(original - scores).max()
        # Scores that are out of tolerance are an error of their own, and excuse no label.
        allowed = tolerance.atol + tolerance.rtol * np.abs(original).max()
    largest = min(apart, allowed)
    close: NDArray[np.bool_] = margins(original, ranking.best) < 2 * largest
    return close


def _measured(
    spec: TensorSpec,
    answers: Sequence[Answer],
    difference: Difference,
    wrong: NDArray[np.bool_],
    *,
    is_label: bool,
) -> OutputCheck:
    absolute, relative, total = difference.absolute, difference.relative, len(wrong)
    apart, hard = int(difference.beyond.sum()), int(wrong.sum())
    return OutputCheck(
        name=spec.name,
        datatype=spec.datatype,
        rows=total,
        max_abs_diff=_of(np.max, absolute),
        p99_abs_diff=_of(_p99, absolute),
        mean_abs_diff=_of(np.mean, absolute),
        max_rel_diff=_of(np.max, relative),
        p99_rel_diff=_of(_p99, relative),
        mean_rel_diff=_of(np.mean, relative),
        rows_beyond=0 if is_label else apart,
        nan_equal=difference.nan_equal,
        inf_equal=difference.inf_equal,
        kind_equal=difference.kind_equal,
        shape_equal=difference.shape_equal,
        label_agreement=1 - apart / total if is_label else None,
        ties=apart - hard if is_label else 0,
        hard_flips=hard if is_label else 0,
        wrong_rows=tuple(_rows_of(answers)[wrong][:_SHOWN_ROWS].tolist()),
        histogram=decades(absolute),
        fidelity=fidelity([(a.original[spec.name], a.exported[spec.name]) for a in answers]),
        winner_agreement=winner_agreement(
            [(a.original[spec.name], a.exported[spec.name]) for a in answers]
        ),
    )


def _rows_of(answers: Sequence[Answer]) -> NDArray[np.int64]:
    return np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])


def _lossy_problem(check: OutputCheck, difference: Difference, tolerance: Tolerance) -> str:
    least = tolerance.min_agreement
    if difference.forms:
        return difference.forms
    if not (check.nan_equal and check.inf_equal):
        return "is NaN or infinite where the original is not, or the other way round"
    told = (
        (check.label_agreement, "gives the original's label in {:.2%} of the rows"),
        (check.winner_agreement, "has the original's winner in {:.2%} of the rows"),
        (check.fidelity, "keeps {:.2%} of the original's variance"),
    )
    for figure, words in told:
        if figure is not None and figure < least:
            return f"{words.format(figure)}, where at least {least:.2%} is asked for"
    return ""


def _problem(
    difference: Difference, rows: list[int], tolerance: Tolerance, *, is_label: bool
) -> str:
    if difference.forms or not rows:
        return difference.forms
    where = _where(rows, len(difference.beyond))
    if is_label:
        return f"gives another label than the original {where}"
    return _value_problem(difference, where, tolerance)


def _value_problem(difference: Difference, where: str, tolerance: Tolerance) -> str:
    if not difference.nan_equal:
        return f"is NaN where the original is not, or the other way round, {where}"
    if not difference.inf_equal:
        return f"is infinite where the original is not, or the other way round, {where}"
    if not difference.absolute.size:
        return f"differs from the original {where}"
    return (
        f"differs from the original by up to {_of(np.max, difference.absolute):.3g} {where}, "
        f"more than rtol {tolerance.rtol:g} and atol {tolerance.atol:g} allow"
    )


def _where(rows: list[int], total: int) -> str:
    shown = ", ".join(str(row) for row in rows[:_SHOWN_ROWS])
    more = ", …" if len(rows) > _SHOWN_ROWS else ""
    return f"in {len(rows)} of {total} rows (row{'s' * (len(rows) > 1)} {shown}{more})"


def _p99(values: NDArray[np.float64]) -> np.float64:
    return np.percentile(values, 99)


def _of(figure: Any, values: NDArray[np.float64]) -> float:  # noqa: ANN401 - a numpy reduction
    """A figure that JSON can hold: beyond the largest number it is that."""
    if not values.size:
        return 0.0
    with np.errstate(over="ignore"):
        return float(np.nan_to_num(figure(values)))
