"""Running original and export side by side, and the certificate of what came of it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from coldpress.errors import ColdpressError, SampleError, brief
from coldpress_runtime.errors import RuntimeFault

from ._certificate import BatchCheck, Certificate, OutputCheck, ProbeCheck
from ._check import Answer, Judge
from ._machine import cpu_flags, versions_of
from ._metric import measure_metric
from ._plan import batches_of
from ._tolerance import EXACT, Tolerance

if TYPE_CHECKING:
    from coldpress.exporters import Outputs, Reference, Rows
    from coldpress_runtime.session import ModelSession

__all__ = ["certify"]


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
        SampleError: The original can't take the sample's rows, or the true labels don't fit it.
        RuntimeFault: The runtime can't run the export on them.
    """
    bench = _Bench(reference=reference, session=session, tolerance=tolerance)
    whole, *small = batches_of(session.inputs, reference.rows.tensors)
    answers = bench.ask_all(reference.rows, whole)
    outputs = bench.check(answers)
    batches = tuple(bench.check_batches(slices) for slices in small)
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

    def ask_all(self, rows: Rows, slices: Sequence[slice]) -> list[Answer]:
        return [self._ask(rows, part) for part in slices]

    def check(
        self, answers: Sequence[Answer], tolerance: Tolerance | None = None
    ) -> tuple[OutputCheck, ...]:
        judge = Judge(reference=self.reference, tolerance=tolerance or self.tolerance)
        return tuple(judge.check_output(spec, answers) for spec in self.session.outputs)

    def check_batches(self, slices: Sequence[slice]) -> BatchCheck:
        size = slices[0].stop - slices[0].start
        return BatchCheck(size=size, outputs=self._check_small(slices))

    def check_probe(self, probe: Rows) -> ProbeCheck:
        """The check of some probes; of a lossy model they bind nothing."""
        binding = probe.binding and self.tolerance.kind == "exact"
        found = ProbeCheck(name=probe.name, rows=probe.count, binding=binding)
        whole, *_ = batches_of(self.session.inputs, probe.tensors)
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
            return replace(found, outputs=self.check(answers, EXACT))

    def _check_small(self, slices: Sequence[slice]) -> tuple[OutputCheck, ...]:
        # A few rows are too few to speak of agreement: there the whole sample decides.
        answers = self.ask_all(self.reference.rows, slices)
        checks = self.check(answers)
        if self.tolerance.kind == "exact":
            return checks
        return tuple(replace(c, problem="") if c.shape_equal else c for c in checks)

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
