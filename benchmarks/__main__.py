"""`make bench`: measure, write the results, and draw the report from them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from coldpress.errors import ColdpressError
from coldpress.package import DEFAULT_PYTHON, PYTHONS
from coldpress.package.interpreters import find_interpreter

from . import groups, report
from .workspace import BenchmarkError, Workspace, run_tool, say

__all__ = ["main"]

_REPOSITORY = Path(__file__).parent.parent
_MISUSED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    groups: tuple[str, ...]
    rounds: int | None
    quick: bool
    output: Path


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence, without the usage above it."""
        self.exit(_MISUSED, f"bench: {message}; see: make bench ARGS=--help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when it is done, 1 when it can't be, 2 for bad arguments."""
    wanted = _parsed(arguments)
    try:
        place = _workspace()
        results = groups.measure(place, wanted.groups, quick=wanted.quick, rounds=wanted.rounds)
        say("report", str(wanted.output))
        report.write(results, wanted.output)
        draw(wanted.output)
    except (BenchmarkError, ColdpressError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(report.verdicts((wanted.output / "results.json").read_bytes()))
    return 0


def draw(output: Path) -> None:
    """Draw the pictures, with the environment that has matplotlib."""
    python = _REPOSITORY / ".tools" / "bench" / "bin" / "python"
    if not python.exists():
        raise BenchmarkError(
            "matplotlib is not installed for the pictures; run: make .tools/.bench"
        )
    run_tool([python, "-m", "benchmarks.plots", output], cwd=_REPOSITORY)


def _parsed(arguments: Sequence[str] | None) -> _Wanted:
    parser = _Parser(
        prog="make bench ARGS=…",
        description="Measure Coldpress beside its peers and beside the limit.",
    )
    parser.add_argument(
        "--only",
        metavar="GROUP",
        nargs="+",
        choices=groups.GROUPS,
        default=list(groups.GROUPS),
        help=f"which groups to measure: {', '.join(groups.GROUPS)}",
    )
    parser.add_argument("--rounds", type=_count, help="rounds of each group")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it work at all?")
    parser.add_argument("--output", type=Path, help="where results, report and pictures go")
    given = parser.parse_args(arguments)
    # A smoke run must not replace figures that were measured with care.
    default = "build/benchmarks/report" if given.quick else "docs/benchmarks"
    return _Wanted(
        groups=tuple(name for name in groups.GROUPS if name in given.only),
        rounds=given.rounds,
        quick=given.quick,
        output=given.output or _REPOSITORY / default,
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"rounds are a whole number from 1 up, not {text!r}")
    return int(text)


def _workspace() -> Workspace:
    if sys.platform != "linux":
        raise BenchmarkError("AWS's Runtime Interface Emulator is a program for Linux")
    for version in (DEFAULT_PYTHON, *reversed(PYTHONS)):
        if path := find_interpreter(version):
            build = _REPOSITORY / "build" / "benchmarks"
            build.mkdir(parents=True, exist_ok=True)
            real = run_tool([path, "-c", "import sys; print(sys.executable)"]).strip()
            return Workspace(
                repository=_REPOSITORY, build=build, interpreter=Path(real), python=version
            )
    raise BenchmarkError(
        f"there is no Python that Lambda has on this machine; install one of {', '.join(PYTHONS)}"
    )


if __name__ == "__main__":
    sys.exit(main())
