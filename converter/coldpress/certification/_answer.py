"""What original and export say to the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldpress.exporters import Outputs

__all__ = ["Answer"]


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
