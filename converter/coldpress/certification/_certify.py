"""Running original and export side by side, and the verdict."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import CertificationError, ColdpressError, SampleError, brief

from ._certificate import BatchCheck, Certificate, OutputCheck
from ._compare import ATOL, RTOL, Difference, compare, margins, merge
from ._machine import cpu_flags, versions_of
from ._plan import batches_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Exported
    from coldpress.exporters._exported import Outputs
    from coldpress_runtime.artifact import TensorSpec
    from coldpress_runtime.session import ModelSession

__all__ = ["certify"]

_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answer:
    """What original and export say to the same rows."""

    rows: slice
    original: Outputs
    exported: Outputs


def certify(exported: Exported, session: ModelSession, *, packages: tuple[str, ...]) -> Certificate:
    """Compare an export with its original on every row of the sample, and in small batches.

    Args:
        exported: The export, with the sample and the original.
        session: The export, opened by the runtime.
        packages: Distributions whose versions the certificate records.

    Returns:
        A passed certificate.

    Raises:
        CertificationError: An output differs: beyond tolerance, in a label that was no tie, in
            where NaN stands, or in kind or shape.
        SampleError: The original can't take the sample's rows.
        RuntimeFault: The runtime can't run the export on them.
    """
    whole, *small = batches_of(session.inputs, exported.tensors)
    outputs = _check_all(exported, session, whole)
    return Certificate(
        passed=True,
        rows=outputs[0].rows,
        original=exported.described,
        rtol=RTOL,
        atol=ATOL,
        outputs=outputs,
        batches=tuple(_check_batches(exported, session, slices) for slices in small),
        versions=versions_of(packages),
        machine=platform.machine(),
        cpu_flags=cpu_flags(),
    )


def _check_batches(
    exported: Exported, session: ModelSession, slices: Sequence[slice]
) -> BatchCheck:
    outputs = _check_all(exported, session, slices)
    return BatchCheck(
        size=slices[0].stop - slices[0].start,
        rows=outputs[0].rows,
        max_abs_diff=max(output.max_abs_diff for output in outputs),
    )


def _check_all(
    exported: Exported, session: ModelSession, slices: Sequence[slice]
) -> tuple[OutputCheck, ...]:
    answers = [_ask(exported, session, rows) for rows in slices]
    return tuple(_check(exported, spec, answers) for spec in session.outputs)


def _ask(exported: Exported, session: ModelSession, rows: slice) -> _Answer:
    try:
        original = exported.original(rows)
    except ColdpressError:
        raise
    except Exception as error:
        raise SampleError(
            f"the original can't take rows {rows.start} to {rows.stop - 1} of the sample: "
            f"{brief(error)}"
        ) from error
    given = session.run({name: array[rows] for name, array in exported.tensors.items()})
    return _Answer(rows=rows, original=original, exported=given)


def _check(exported: Exported, spec: TensorSpec, answers: Sequence[_Answer]) -> OutputCheck:
    is_label = spec.name in exported.label_outputs
    difference = merge(
        [
            compare(
                answer.original[spec.name],
                answer.exported[spec.name],
                rows=answer.rows.stop - answer.rows.start,
                declared=spec.shape,
                exact=is_label,
            )
            for answer in answers
        ]
    )
    ties = _ties(exported, spec.name, answers, difference) if is_label else None
    wrong = difference.beyond if ties is None else difference.beyond & ~ties
    if wrong.any() or not difference.alike:
        rows = np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])[wrong]
        raise _failed(spec, answers[0], difference, rows.tolist(), is_label=is_label)
    return _passed(spec, difference, is_label=is_label)


def _ties(
    exported: Exported, name: str, answers: Sequence[_Answer], difference: Difference
) -> NDArray[np.bool_]:
    """Rows whose label may differ: the original's best two scores are as good as equal."""
    ranking = exported.rankings.get(name)
    if ranking is None or not difference.beyond.any():
        return np.zeros_like(difference.beyond)
    original = np.concatenate([answer.original[ranking.scores] for answer in answers])
    scores = np.concatenate([answer.exported[ranking.scores] for answer in answers])
    if original.shape != scores.shape or len(original) != len(difference.beyond):
        return np.zeros_like(difference.beyond)
    close: NDArray[np.bool_] = margins(original, ranking.best) < 2 * np.abs(original - scores).max()
    return close


def _passed(spec: TensorSpec, difference: Difference, *, is_label: bool) -> OutputCheck:
    absolute, relative = difference.absolute, difference.relative
    flips = int(difference.beyond.sum())
    return OutputCheck(
        name=spec.name,
        datatype=spec.datatype,
        rows=len(difference.beyond),
        max_abs_diff=_of(np.max, absolute),
        p99_abs_diff=_of(_p99, absolute),
        mean_abs_diff=_of(np.mean, absolute),
        max_rel_diff=_of(np.max, relative),
        p99_rel_diff=_of(_p99, relative),
        mean_rel_diff=_of(np.mean, relative),
        rows_beyond=0 if is_label else flips,
        nan_equal=difference.nan_equal,
        kind_equal=difference.kind_equal,
        shape_equal=difference.shape_equal,
        label_agreement=1 - flips / len(difference.beyond) if is_label else None,
        ties=flips if is_label else 0,
        hard_flips=0,
    )


def _failed(
    spec: TensorSpec, first: _Answer, difference: Difference, rows: list[int], *, is_label: bool
) -> CertificationError:
    total = len(difference.beyond)
    shown = ", ".join(str(row) for row in rows[:_SHOWN_ROWS])
    where = f"in {len(rows)} of {total} rows (row{'s' * (len(rows) > 1)} {shown}" + (
        ", …)" if len(rows) > _SHOWN_ROWS else ")"
    )
    size = float(len(rows)) if is_label else _of(np.max, difference.absolute)
    if not (difference.kind_equal and difference.shape_equal):
        what = (
            f"is {_shown(first.exported[spec.name])}, declared as {list(spec.shape)}, and the "
            f"original's is {_shown(first.original[spec.name])}"
        )
    elif is_label:
        what = f"gives another label than the original {where}"
    elif not difference.nan_equal:
        what = f"is NaN where the original is not, or the other way round, {where}"
    else:
        what = (
            f"differs from the original by up to {size:.3g} {where}, "
            f"more than rtol {RTOL:g} and atol {ATOL:g} allow"
        )
    return CertificationError(
        f"the export does not answer like the original: output '{spec.name}' {what}",
        output=spec.name,
        rows=rows[:_SHOWN_ROWS],
        difference=size,
    )


def _shown(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {list(array.shape)}"


def _p99(values: NDArray[np.float64]) -> np.float64:
    return np.percentile(values, 99)


def _of(figure: Any, values: NDArray[np.float64]) -> float:  # noqa: ANN401 - a numpy reduction
    return float(figure(values)) if values.size else 0.0
