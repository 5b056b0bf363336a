"""The verdict on one output: its figures, which rows are at fault, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._certificate import OutputCheck
from ._compare import ATOL, RTOL, Difference, compare, margins, merge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Exported, Outputs
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["Answer", "check_output"]

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


def check_output(exported: Exported, spec: TensorSpec, answers: Sequence[Answer]) -> OutputCheck:
    """Compare one output over all the answers.

    Args:
        exported: The export, which says what is a label and what decides it.
        spec: The output.
        answers: At least one.
    """
    is_label = spec.name in exported.label_outputs
    difference = _difference(spec, answers, exact=is_label)
    if not is_label:
        return _measured(spec, answers, difference, difference.beyond)
    hard = difference.beyond & ~_ties(exported, spec.name, answers, difference)
    return _measured(spec, answers, difference, hard, is_label=True)


def _difference(spec: TensorSpec, answers: Sequence[Answer], *, exact: bool) -> Difference:
    return merge(
        [
            compare(
                answer.original[spec.name],
                answer.exported[spec.name],
                rows=answer.rows.stop - answer.rows.start,
                declared=spec.shape,
                exact=exact,
            )
            for answer in answers
        ]
    )


def _ties(
    exported: Exported, name: str, answers: Sequence[Answer], difference: Difference
) -> NDArray[np.bool_]:
    """Rows whose label may differ: the original's best two scores are as good as equal."""
    none = np.zeros_like(difference.beyond)
    ranking = exported.rankings.get(name)
    if ranking is None or not difference.beyond.any() or difference.forms:
        return none
    pairs = [(a.original[ranking.scores], a.exported[ranking.scores]) for a in answers]
    rows = [answer.rows.stop - answer.rows.start for answer in answers]
    if any(a.shape != b.shape or len(a) != n for (a, b), n in zip(pairs, rows, strict=True)):
        return none
    original, scores = (np.concatenate(side) for side in zip(*pairs, strict=True))
    with np.errstate(invalid="ignore"):  # an infinite score on both sides proves no tie
        largest = np.abs(original - scores).max()
    close: NDArray[np.bool_] = margins(original, ranking.best) < 2 * largest
    return close


def _measured(
    spec: TensorSpec,
    answers: Sequence[Answer],
    difference: Difference,
    wrong: NDArray[np.bool_],
    *,
    is_label: bool = False,
) -> OutputCheck:
    absolute, relative, total = difference.absolute, difference.relative, len(wrong)
    apart, hard = int(difference.beyond.sum()), int(wrong.sum())
    rows = np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])[wrong]
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
        wrong_rows=tuple(rows[:_SHOWN_ROWS].tolist()),
        problem=_problem(difference, rows.tolist(), is_label=is_label),
    )


def _problem(difference: Difference, rows: list[int], *, is_label: bool) -> str:
    if difference.forms or not rows:
        return difference.forms
    where = _where(rows, len(difference.beyond))
    if is_label:
        return f"gives another label than the original {where}"
    return _value_problem(difference, where)


def _value_problem(difference: Difference, where: str) -> str:
    if not difference.nan_equal:
        return f"is NaN where the original is not, or the other way round, {where}"
    if not difference.inf_equal:
        return f"is infinite where the original is not, or the other way round, {where}"
    if not difference.absolute.size:
        return f"differs from the original {where}"
    return (
        f"differs from the original by up to {_of(np.max, difference.absolute):.3g} {where}, "
        f"more than rtol {RTOL:g} and atol {ATOL:g} allow"
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
