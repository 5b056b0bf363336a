"""A million requests' worth of input, changed by what reaches new lines: `make fuzz`.

    python -m tests.fuzz [--runs 150000] [--seed 1] [--only NAME]

Each target is fuzzed in a process of its own, two at a time; then what was found is asked again,
changed, without the fuzzer, to see what memory is held. Exits 1 if one is found at fault: an answer
of the function's own fault, an exception, a request of more than ten seconds, or memory that grows.
What did it lies in build/fuzz/ then.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.fuzz.model import publish
from tests.fuzz.targets import TARGETS, Target

_ROOT = Path(__file__).parents[2]
_FOUND = _ROOT / "build" / "fuzz"
_REPLAYED = 50_000
# How much more may be held after all replayed requests than after a tenth, in megabytes.
_GROWTH_MB = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a target.

    Attributes:
        target: Its name.
        lines: What its process told, oldest first; see `one_target`.
        edges: Places in the code that were reached, as libFuzzer counts them.
        problem: Why it is at fault; empty if it is not.
        early_mb: Megabytes held after a tenth of the replayed requests.
        late_mb: Megabytes held after all of them.
    """

    target: str
    lines: tuple[dict[str, float], ...]
    edges: str
    problem: str
    early_mb: float = 0.0
    late_mb: float = 0.0


def main() -> None:
    """Fuzz every target, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=150_000, help="requests for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="targets whose name contains this")
    chosen = parser.parse_args()
    targets = [target for target in TARGETS if chosen.only in target.name]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        uri = publish(Path(name))
        outcomes = pool.map(lambda target: _fuzz(target, uri, chosen), targets)
        _print_table(outcomes)


def _fuzz(target: Target, uri: str, chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        for number, seed in enumerate(target.seeds):
            (Path(name) / f"seed-{number}").write_bytes(seed)
        _FOUND.mkdir(parents=True, exist_ok=True)
        prefix = f"-artifact_prefix={_FOUND}/{target.name.replace(' ', '-')}-"
        module = (sys.executable, "-m", "tests.fuzz.one_target")
        arguments = (target.name, uri, str(chosen.runs), f"-seed={chosen.seed}", prefix, name)
        done = subprocess.run(
            (*module, *arguments), cwd=_ROOT, capture_output=True, text=True, check=False
        )
        lines = tuple(json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{")
        edges = "".join(done.stderr.rpartition(" cov: ")[2].split()[:1])
        outcome = Outcome(target=target.name, lines=lines, edges=edges, problem=_problem(done))
        return outcome if outcome.problem else _replayed(outcome, uri, name)


def _replayed(outcome: Outcome, uri: str, corpus: str) -> Outcome:
    module = (sys.executable, "-m", "tests.fuzz.replay")
    arguments = (outcome.target, uri, str(_REPLAYED), corpus)
    done = subprocess.run(
        (*module, *arguments), cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if problem := _problem(done):
        return replace(outcome, problem=problem)
    held = json.loads(done.stdout.splitlines()[-1])
    grown = held["late_mb"] - held["early_mb"]
    problem = f"memory grew by {grown:.0f} MB" if grown > _GROWTH_MB else ""
    return replace(outcome, **held, problem=problem)


def _problem(done: subprocess.CompletedProcess[str]) -> str:
    if not done.returncode:
        return ""
    words = [line for line in done.stderr.splitlines() if "Error" in line or "ERROR" in line]
    return (words or done.stderr.splitlines()[-1:] or ["it ended without a word"])[0][:300]


def _print_table(outcomes: Iterator[Outcome]) -> None:
    print("| target | requests | a second | edges | slowest, ms | memory, MB | grown, MB | |")
    print("|---|--:|--:|--:|--:|--:|--:|---|", flush=True)
    total, faults = 0, 0
    for outcome in outcomes:
        last = outcome.lines[-1] if outcome.lines else dict.fromkeys(_FIGURES, 0.0)
        total += int(last["runs"])
        faults += bool(outcome.problem)
        print(
            f"| {outcome.target} | {last['runs']:,.0f} "
            f"| {last['runs'] / max(last['seconds'], 1e-9):,.0f} | {outcome.edges} "
            f"| {last['slowest_ms']:.0f} | {outcome.late_mb:.0f} "
            f"| {outcome.late_mb - outcome.early_mb:+.1f} | {outcome.problem} |",
            flush=True,
        )
    print(f"\n{total:,} requests; {faults} of the targets at fault")
    if faults:
        sys.exit(1)


_FIGURES = ("runs", "seconds", "slowest_ms")

if __name__ == "__main__":
    main()
