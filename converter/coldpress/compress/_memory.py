"""The original's answers, kept: every candidate is held against the same ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldpress.exporters import Outputs, Reference, Rows

__all__ = ["remembering"]

_MOST_BYTES = 512 * 1024**2


def remembering(reference: Reference, most_bytes: int = _MOST_BYTES) -> Reference:
    """The reference, whose original is asked once for each slice of rows.

    Args:
        reference: What candidates are held against.
        most_bytes: How much is kept, for each kind of rows; what is beyond is asked again.
    """
    return replace(
        reference,
        rows=_remembered(reference.rows, most_bytes),
        probes=tuple(_remembered(probe, most_bytes) for probe in reference.probes),
    )


def _remembered(rows: Rows, most_bytes: int) -> Rows:
    known: dict[tuple[int, int], Outputs] = {}
    kept = 0

    def original(part: slice) -> Outputs:
        nonlocal kept
        place = part.start, part.stop
        if place not in known:
            answer = rows.original(part)
            kept += sum(array.nbytes for array in answer.values())
            if kept > most_bytes:
                return answer
            known[place] = answer
        return known[place]

    return replace(rows, original=original)
