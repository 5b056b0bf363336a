"""scikit-learn's own `predict_proba` against the function's whole handler, by number of rows."""

from __future__ import annotations

from typing import Any

from .environments import Variant
from .stats import summary
from .warm import events, round_of, running
from .workspace import Workspace, say

__all__ = ["measure"]

# Calls in each round, by number of rows: about as long for each.
_CALLS = {1: 40, 10: 40, 100: 20, 1_000: 8, 10_000: 3}


def measure(
    place: Workspace,
    coldpress: Variant,
    pickle: Variant,
    common: dict[str, str],
    rounds: int,
) -> dict[str, Any]:
    """Time both by turns: the array against the event, parsing, checks and answer included.

    Returns:
        By number of rows, ``sklearn`` and ``coldpress``: the median microseconds of each round.
    """
    paths = events(place, list(_CALLS))
    found: dict[str, dict[str, list[float]]] = {
        str(rows): {"sklearn": [], "coldpress": []} for rows in _CALLS
    }
    with running(place, coldpress, common) as ours, running(place, pickle, common) as theirs:
        workers = {"sklearn": (theirs, "predict_proba"), "coldpress": (ours, "handler")}
        for turn in range(rounds):
            say("sklearn", f"round {turn + 1} of {rounds}")
            for rows, calls in _CALLS.items():
                for name, times in round_of(workers, paths[rows], calls).items():
                    found[str(rows)][name].append(round(summary(times).median, 2))
    return found
