"""The verdict on one output: its figures, which rows are at fault, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._answer import Answer
from ._checks import OutputCheck
from ._compare import Difference, compare, merge
from ._figures import decades, fidelity, is_distribution, winner_agreement
from ._ties import ties
from ._tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["Judge"]

_SHOWN_ROWS = 5
_RANK = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """What decides whether two answers are alike.

    Attributes:
        reference: What is a label, and what decides it.
        tolerance: What passes.
        scales: How large each output's values are, column by column; see `scale`.
    """

    reference: Reference
    tolerance: Tolerance
    scales: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def check_output(self, spec: TensorSpec, answers: Sequence[Answer]) -> OutputCheck:
        """Compare one output over all the answers, at least one."""
        is_label = spec.name in self.reference.label_outputs
        difference = self._difference(spec, answers, exact=is_label)
        hard = difference.beyond
        if is_label and difference.beyond.any() and not difference.forms:
            hard = hard & ~ties(self.reference, spec.name, answers, self.tolerance)
        check = _measured(spec, answers, difference, hard, is_label=is_label)
        if not is_label:
            kept, winners = self._kept(spec, answers)
            check = replace(check, fidelity=kept, winner_agreement=winners)
        rows = _rows_of(answers)[hard]
        problem = (
            _problem(difference, rows.tolist(), self.tolerance, is_label=is_label)
            if self.tolerance.kind == "exact"
            else _lossy_problem(check, difference, self.tolerance)
        )
        return replace(check, problem=problem)

    def _kept(
        self, spec: TensorSpec, answers: Sequence[Answer]
    ) -> tuple[float | None, float | None]:
        """The share of variance and of winners that is the original's."""
        pairs = [(a.original[spec.name], a.exported[spec.name]) for a in answers]
        scored = all(_is_table(*pair) for pair in pairs) and (
            spec.name in self.reference.labels or all(is_distribution(a) for a, _ in pairs)
        )
        return fidelity(pairs, pooled=scored), winner_agreement(pairs) if scored else None

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
                    scale=self.scales.get(spec.name, 1.0),
                )
                for answer in answers
            ]
        )


def _is_table(original: NDArray[Any], exported: NDArray[Any]) -> bool:
    """Whether both are ``(rows, classes)``, so that there can be a winner."""
    return original.shape == exported.shape and original.ndim == _RANK and original.shape[1] > 1


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
    )


def _rows_of(answers: Sequence[Answer]) -> NDArray[np.int64]:
    return np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])


def _lossy_problem(check: OutputCheck, difference: Difference, tolerance: Tolerance) -> str:
    least = tolerance.min_agreement
    if difference.forms:
        return difference.forms
    if not (check.nan_equal and check.inf_equal):
        return "is NaN or infinite where the original is not, or the other way round"
    told = {
        "gives the original's label in {:.2%} of the rows": check.label_agreement,
        "has the original's winner in {:.2%} of the rows": check.winner_agreement,
        "keeps {:.2%} of the original's variance": check.fidelity,
    }
    figures = {words: figure for words, figure in told.items() if figure is not None}
    figures = figures or {"equals the original in {:.2%} of the rows": check.kept}
    for words, figure in figures.items():
        if figure < least:
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
