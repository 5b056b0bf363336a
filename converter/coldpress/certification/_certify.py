"""Running original and export side by side, and the certificate of what came of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from coldpress.errors import ColdpressError, SampleError, brief
from coldpress_runtime.errors import RuntimeFault

from ._answer import Answer
from ._certificate import Certificate
from ._check import Judge
from ._checks import BatchCheck, OutputCheck, ProbeCheck
from ._figures import scale
from ._machine import cpu_flags, versions_of
from ._metric import measure_metric
from ._plan import batches_of, is_free
from ._tolerance import EXACT, Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Outputs, Reference, Rows
    from coldpress_runtime.artifact import TensorSpec
    from coldpress_runtime.session import ModelSession

__all__ = ["certify"]

# Requests of each small size. A share of a few rows says little, so that what is judged by shares
# gets more of them.
_FEW = 8
_MANY = 64
# Characters of a row that is told.
_ROW = 160


def certify(
    reference: Reference,
    session: ModelSession,
    *,
    packages: tuple[str, ...],
    tolerance: Tolerance = EXACT,
) -> Certificate:
    """Compare a model with its original: on the sample, in small batches, and on probes.

    Args:
        reference: The sample, the probes, and the original's answers.
        session: The model, opened by the runtime.
        packages: Distributions whose versions the certificate records.
        tolerance: What passes. Probes are for what shall be exact: a lossy model is told its
            differences on them, and judged on the sample.

    Returns:
        The certificate, passed or failed; see `Certificate.failure`.

    Raises:
        SampleError: The original can't take the sample's rows or has no number for any of them, or
            the true labels don't fit it.
        RuntimeFault: The runtime can't run the export on them.
    """
    exact = tolerance.kind == "exact"
    whole, *small = batches_of(session.inputs, reference.rows.tensors, few=_FEW if exact else _MANY)
    bench = _Bench(reference=reference, session=session, tolerance=tolerance)
    answers = bench.ask_all(reference.rows, whole)
    _check_answered(session.outputs, answers)
    bench = replace(bench, scales=_scales(session.outputs, answers))
    outputs = bench.check(answers)
    # What may lose something shall at least say the same however many rows it is given.
    own = reference.rows if exact else _answered(reference.rows, session.outputs, answers)
    batches = tuple(bench.check_batches(own, slices) for slices in small)
    if reference.rows.count == 1 and is_free(session.inputs) and _by_row(answers[0]):
        batches = (*batches, bench.check_batches(_twice(own), [slice(0, 2)]))
    probes = tuple(bench.check_probe(probe) for probe in reference.probes)
    metric = measure_metric(reference, session.outputs, answers)
    checks = chain(outputs, *(batch.outputs for batch in batches))
    passed = (
        all(check.passed for check in checks)
        and all(probe.passed for probe in probes if probe.binding)
        and (metric is None or metric.drop <= tolerance.max_metric_drop)
    )
    return Certificate(
        passed=passed,
        rows=outputs[0].rows,
        original=reference.described,
        tolerance=tolerance,
        outputs=outputs,
        batches=batches,
        probes=probes,
        metric=metric,
        versions=versions_of(packages),
        machine=platform.machine(),
        cpu_flags=cpu_flags(),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bench:
    """Original and export, set up to be asked the same."""

    reference: Reference
    session: ModelSession
    tolerance: Tolerance
    scales: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def ask_all(self, rows: Rows, slices: Sequence[slice]) -> list[Answer]:
        return [self._ask(rows, part) for part in slices]

    def check(
        self, answers: Sequence[Answer], tolerance: Tolerance | None = None
    ) -> tuple[OutputCheck, ...]:
        judge = Judge(
            reference=self.reference, tolerance=tolerance or self.tolerance, scales=self.scales
        )
        return tuple(judge.check_output(spec, answers) for spec in self.session.outputs)

    def check_batches(self, rows: Rows, slices: Sequence[slice]) -> BatchCheck:
        """The check of some rows, a few to a request."""
        size = slices[0].stop - slices[0].start
        answers = self.ask_all(rows, slices)
        return BatchCheck(
            size=size, outputs=self.check(answers, self.tolerance.for_few(size * len(slices)))
        )

    def check_probe(self, probe: Rows) -> ProbeCheck:
        """The check of some probes; of a lossy model they bind nothing."""
        binding = probe.binding and self.tolerance.kind == "exact"
        found = ProbeCheck(name=probe.name, rows=probe.count, binding=binding)
        whole, *_ = batches_of(self.session.inputs, probe.tensors, few=0)
        try:
            originals = [(part, probe.original(part)) for part in whole]
        except Exception as error:  # noqa: BLE001 - an original may refuse a probe in any way
            return replace(found, accepted=False, problem=brief(error))
        try:
            answers = [
                Answer(rows=part, original=original, exported=self._run(probe, part))
                for part, original in originals
            ]
        except RuntimeFault as error:
            return replace(found, problem=f"the export can't answer them: {brief(error)}")
        # Probes of infinities lead to sums and differences that are no numbers.
        with np.errstate(all="ignore"):
            outputs = self.check(answers, EXACT)
        return replace(found, outputs=tuple(_with_example(check, probe) for check in outputs))

    def _ask(self, rows: Rows, part: slice) -> Answer:
        try:
            original = rows.original(part)
        except ColdpressError:
            raise
        except Exception as error:
            raise SampleError(
                f"the original can't take rows {part.start} to {part.stop - 1} of the sample: "
                f"{brief(error)}"
            ) from error
        return Answer(rows=part, original=original, exported=self._run(rows, part))

    def _run(self, rows: Rows, part: slice) -> Outputs:
        return self.session.run({name: array[part] for name, array in rows.tensors.items()})


def _check_answered(outputs: Sequence[TensorSpec], answers: Sequence[Answer]) -> None:
    """Equal to nothing but NaN proves nothing."""
    for spec in outputs:
        sides = [np.asarray(answer.original[spec.name]) for answer in answers]
        if all(side.dtype.kind == "f" and not np.isfinite(side).any() for side in sides):
            raise SampleError(
                f"the original's output '{spec.name}' is NaN or infinite on every row of the "
                "sample, so that there is nothing to hold an export against; give rows of typical "
                "input"
            )


def _scales(
    outputs: Sequence[TensorSpec], answers: Sequence[Answer]
) -> dict[str, NDArray[np.float64]]:
    return {
        spec.name: scale([answer.original[spec.name] for answer in answers]) for spec in outputs
    }


def _answered(rows: Rows, outputs: Sequence[TensorSpec], answers: Sequence[Answer]) -> Rows:
    """The rows with what the export itself says to them in large batches as the original's.

    Where that isn't one answer to each row, they are left as they are.
    """
    asked = sum(answer.rows.stop - answer.rows.start for answer in answers)
    said = {
        spec.name: [np.atleast_1d(answer.exported[spec.name]) for answer in answers]
        for spec in outputs
    }
    alike = all(len({part.shape[1:] for part in parts}) == 1 for parts in said.values())
    if not alike or any(sum(map(len, parts)) != asked for parts in said.values()):
        return rows
    whole = {name: np.concatenate(parts) for name, parts in said.items()}
    return replace(rows, original=lambda part: {name: side[part] for name, side in whole.items()})


def _by_row(answer: Answer) -> bool:
    """Whether each output of a single row has one row: a sum of all rows can't be told twice."""
    return all(np.shape(side)[:1] == (1,) for side in answer.original.values())


def _twice(rows: Rows) -> Rows:
    """A single row two times over, which proves that a request may have more than one."""
    original = rows.original
    return replace(
        rows,
        tensors={name: np.repeat(array, 2, axis=0) for name, array in rows.tensors.items()},
        original=lambda _: {
            name: np.repeat(side, 2, axis=0) for name, side in original(slice(0, 1)).items()
        },
    )


def _with_example(check: OutputCheck, probe: Rows) -> OutputCheck:
    """A failed check that also tells a row of it: nobody else has the rows of a probe."""
    if not check.problem or not check.wrong_rows:
        return check
    row = check.wrong_rows[0]
    values = [f"{name} {array[row].tolist()}" for name, array in probe.tensors.items()]
    return replace(
        check, problem=f"{check.problem}; such a row has {brief(', '.join(values), _ROW)}"
    )
