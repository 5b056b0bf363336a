"""Where the function's own INIT goes: imports by their time, and what runs beside what."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any

from .environments import Variant
from .processes import python_command
from .workspace import BenchmarkError, Workspace, say

__all__ = ["import_times", "measure"]

_RUNS = 5
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")
_SHOWN = 30


def measure(place: Workspace, variant: Variant, common: dict[str, str]) -> dict[str, Any]:
    """Profile the function's start; of five runs, the one that took the middle time is shown.

    Returns:
        ``imports``: the costliest modules, as `import_times` gives them; ``spans``: what ran when
        on which thread, in milliseconds since the process was spawned.
    """
    say("profile", "import times")
    profiled = [_profiled(place, variant, common) for _ in range(_RUNS)]
    say("profile", "timeline")
    traced = [_traced(place, variant, common) for _ in range(_RUNS)]
    imports = sorted(profiled, key=lambda run: sum(each["self"] for each in run))[_RUNS // 2]
    spans = sorted(traced, key=lambda run: max(each["ended"] for each in run))[_RUNS // 2]
    return {"imports": imports[:_SHOWN], "spans": spans}


def import_times(printed: str) -> list[dict[str, Any]]:
    """What ``-X importtime`` printed, as ``module``, ``self`` and ``cumulative`` microseconds.

    Sorted by what a module took itself. Modules that two threads import at the same time count the
    time in which they wait for each other.
    """
    found = [
        {"module": match[4], "self": int(match[1]), "cumulative": int(match[2])}
        for match in _LINE.finditer(printed)
    ]
    return sorted(found, key=lambda each: each["self"], reverse=True)


def _profiled(place: Workspace, variant: Variant, common: dict[str, str]) -> list[dict[str, Any]]:
    options = python_command(place, "-X", "importtime")
    driver = [
        str(place.sources / "inside" / "driver.py"),
        "once",
        variant.function,
        str(place.event),
    ]
    return import_times(_run(place, variant, common, [*options, *driver]).stderr)


def _traced(place: Workspace, variant: Variant, common: dict[str, str]) -> list[dict[str, Any]]:
    script = [str(place.sources / "inside" / "trace.py"), variant.function, str(place.event)]
    command = [*python_command(place), *script, str(time.monotonic_ns())]
    lines = _run(place, variant, common, command).stdout.splitlines()
    spans: list[dict[str, Any]] = json.loads(lines[-1].removeprefix("SPANS "))
    for span in spans:
        span["began"], span["ended"] = round(span["began"], 3), round(span["ended"], 3)
    return sorted(spans, key=lambda span: span["began"])


def _run(
    place: Workspace, variant: Variant, common: dict[str, str], command: list[str]
) -> subprocess.CompletedProcess[str]:
    environment = variant.environment(place, common)
    outcome = subprocess.run(
        command, cwd=variant.directory, env=environment, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise BenchmarkError(f"the function does not start: {outcome.stderr.strip()[-300:]}")
    return outcome
