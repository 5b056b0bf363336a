"""Running original and export side by side, and the certificate of what came of it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from coldpress.errors import ColdpressError, SampleError, brief

from ._certificate import BatchCheck, Certificate, OutputCheck
from ._check import Answer, check_output
from ._compare import ATOL, RTOL
from ._machine import cpu_flags, versions_of
from ._plan import batches_of

if TYPE_CHECKING:
    from coldpress.exporters import Exported
    from coldpress_runtime.session import ModelSession

__all__ = ["certify"]


def certify(exported: Exported, session: ModelSession, *, packages: tuple[str, ...]) -> Certificate:
    """Compare an export with its original on every row of the sample, and in small batches.

    Args:
        exported: The export, with the sample and the original.
        session: The export, opened by the runtime.
        packages: Distributions whose versions the certificate records.

    Returns:
        The certificate, passed or failed: an output fails beyond tolerance, in a label that was
        no tie, in where NaN or an infinity stands, or in kind or shape. See `Certificate.failure`.

    Raises:
        SampleError: The original can't take the sample's rows.
        RuntimeFault: The runtime can't run the export on them.
    """
    whole, *small = batches_of(session.inputs, exported.tensors)
    outputs = _check_all(exported, session, whole)
    batches = tuple(_check_batches(exported, session, slices) for slices in small)
    checks = chain(outputs, *(batch.outputs for batch in batches))
    return Certificate(
        passed=all(check.passed for check in checks),
        rows=outputs[0].rows,
        original=exported.described,
        rtol=RTOL,
        atol=ATOL,
        outputs=outputs,
        batches=batches,
        versions=versions_of(packages),
        machine=platform.machine(),
        cpu_flags=cpu_flags(),
    )


def _check_batches(
    exported: Exported, session: ModelSession, slices: Sequence[slice]
) -> BatchCheck:
    size = slices[0].stop - slices[0].start
    return BatchCheck(size=size, outputs=_check_all(exported, session, slices))


def _check_all(
    exported: Exported, session: ModelSession, slices: Sequence[slice]
) -> tuple[OutputCheck, ...]:
    answers = [_ask(exported, session, rows) for rows in slices]
    return tuple(check_output(exported, spec, answers) for spec in session.outputs)


def _ask(exported: Exported, session: ModelSession, rows: slice) -> Answer:
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
    return Answer(rows=rows, original=original, exported=given)
