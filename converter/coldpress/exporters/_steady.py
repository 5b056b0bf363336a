"""Whether an original answers at all: the same rows, the same answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coldpress.errors import ExportError

from ._exported import Outputs

__all__ = ["check_steady"]


def check_steady(ask: Callable[[Outputs], Outputs], tensors: Outputs, cure: str) -> Outputs:
    """Ask a model twice.

    Args:
        ask: The model.
        tensors: A few rows.
        cure: What to do when its answers differ, for the error.

    Returns:
        Its answers.

    Raises:
        ExportError: It answers the same rows in two ways.
    """
    first, second = ask(tensors), ask(tensors)
    for name, answer in first.items():
        if not np.array_equal(answer, second[name], equal_nan=answer.dtype.kind == "f"):
            raise ExportError(
                f"the model answers the same rows in another way each time (output '{name}'), so "
                f"there is nothing to hold an export against; {cure}"
            )
    return first
