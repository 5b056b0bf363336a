"""Cold start: INIT and first answer, under AWS's emulator and as a bare process."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from .environments import Variant
from .processes import bare_start, emulated_start
from .workspace import BenchmarkError, Workspace, say

__all__ = ["able_variants", "check_answer", "measure"]

# Trees that vote in another order: float32 against float64.
_CLOSE = 1e-5


def measure(
    place: Workspace, variants: list[Variant], common: dict[str, str], rounds: int
) -> dict[str, Any]:
    """Start every variant once in each round, in both ways, and change the order each time.

    Returns:
        ``emulator``, ``init`` and ``process``: milliseconds of each round, by variant; ``peak``:
        bytes of the bare process, by variant.
    """
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(rounds):
        say("cold", f"round {turn + 1} of {rounds}")
        first = turn % len(variants)
        for variant in variants[first:] + variants[:first]:
            emulated = emulated_start(place, variant, common, place.event)
            bare = bare_start(place, variant, common, place.event)
            times["emulator"][variant.key].append(round(emulated.answer_ms, 3))
            times["init"][variant.key].append(emulated.init_ms or math.nan)
            times["process"][variant.key].append(round(bare.answer_ms, 3))
            times["peak"][variant.key].append(bare.peak_bytes or 0)
    return {name: dict(columns) for name, columns in times.items()}


def able_variants(
    place: Workspace, variants: list[Variant], common: dict[str, str]
) -> list[Variant]:
    """Start each variant in both ways and check its answer, before anything is timed.

    It also reads every file once, so that the first round finds them where the others do.
    """
    checked = []
    for each in variants:
        variant = each
        if not variant.unable:
            say("check", variant.key)
            try:
                for start in (emulated_start, bare_start):
                    answer = start(place, variant, common, place.event).answer
                    check_answer(answer, place.build / "model" / "expected.json")
            except (BenchmarkError, OSError, ValueError) as error:
                variant = replace(variant, unable=str(error))
        checked.append(variant)
    return checked


def check_answer(answer: dict[str, Any], expected: Path) -> None:
    """Compare an answer with what scikit-learn says: equal labels, close probabilities.

    Raises:
        BenchmarkError: It is another answer.
    """
    if answer.get("statusCode") != 200:  # noqa: PLR2004 - HTTP's own number
        raise BenchmarkError(f"it answers {answer.get('statusCode')}: {answer.get('body')}")
    document = json.loads(answer["body"])
    if "outputs" in document:
        document = {each["name"]: each["data"] for each in document["outputs"]}
    wanted = json.loads(expected.read_bytes())
    given = list(_flat(document["probabilities"]))
    close = [
        math.isclose(left, right, abs_tol=_CLOSE)
        for left, right in zip(given, _flat(wanted["probabilities"]), strict=True)
    ]
    if list(_flat(document["label"])) != wanted["label"] or not all(close):
        raise BenchmarkError(f"it answers otherwise than the model: {answer['body']:.200}")


def _flat(values: Any) -> Any:  # noqa: ANN401 - numbers, or lists of them
    if not isinstance(values, list):
        yield values
        return
    for each in values:
        yield from _flat(each)
