"""Where the benchmark keeps what it makes, what it needs, and how it says what it is doing."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BenchmarkError", "Workspace", "run_tool", "say"]

_BEGAN = time.monotonic()
_LINES_SHOWN = 3


class BenchmarkError(Exception):
    """The benchmark can't go on; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The places of a run.

    Attributes:
        repository: The repository's root.
        build: Where everything goes that is made for the run; not in version control.
        interpreter: The Python that the variants run on.
        python: Its version, such as ``3.13``.
    """

    repository: Path
    build: Path
    interpreter: Path
    python: str

    @property
    def sources(self) -> Path:
        """The benchmark's own folder."""
        return self.repository / "benchmarks"

    @property
    def coldpress(self) -> Path:
        """The command line that is measured."""
        return self.repository / ".venv" / "bin" / "coldpress"

    @property
    def event(self) -> Path:
        """The event that every variant answers."""
        return self.repository / "events" / "http-infer.json"

    def without_paths(self, text: str) -> str:
        """A message as it may stand in the results: they name no folder of the machine."""
        shorter = text.replace(str(self.repository), ".")
        return shorter.replace(str(self.interpreter), self.interpreter.name)


def say(group: str, text: str) -> None:
    """One line of progress, with the seconds since the start."""
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {group:<9} {text}", flush=True)


def run_tool(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    seconds: float = 1200,
) -> str:
    """Run a tool to its end; what it printed.

    Raises:
        BenchmarkError: It failed; the message has the end of what it said.
    """
    try:
        outcome = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=os.environ if environment is None else environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"{Path(str(command[0])).name} could not be run: {error}") from error
    if outcome.returncode:
        lines = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line.strip()]
        said = " / ".join(lines[-_LINES_SHOWN:])
        raise BenchmarkError(f"{Path(str(command[0])).name} failed: {said}")
    return outcome.stdout
