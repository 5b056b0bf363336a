"""The results as a page: `docs/benchmarks/README.md` is written here, from `results.json` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import tables
from .targets import targets

__all__ = ["render", "verdicts", "write"]

Results = Mapping[str, Any]

# The machine's properties that two runs must share for their figures to stand on one page.
_SAME = ("processor", "cores", "python", "architecture")
_BESIDES_GROUPS = ("machine", "rounds", "versions", "unable", "measured")

_INTRODUCTION = """\
# Benchmarks

How Coldpress compares with what its users would otherwise deploy, and with the limit: the least that an
onnxruntime function can do. Written by `make bench` from [`results.json`](results.json), which has every round.

```sh
make bench                                   # everything
make bench ARGS='--only cold --rounds 5'     # a part: cold, warm, sizes, loading, sklearn, profile
make bench ARGS='--quick'                    # does it work? writes to build/benchmarks/report
```

It needs Linux, a package index, and a Python that Lambda has (3.13, else 3.14 or 3.12). Packages, models and
environments go to `build/benchmarks` and are kept for the next run. Nothing is sent beyond loopback
once they are there. Let the machine be idle.

## How it is measured

- **The same for all.** One Python, one model (scikit-learn's breast-cancer data, a scaler and a random forest of
  100 trees), one event, one object store (moto, in a process of its own), one environment, one vCPU's worth of
  threads. Each variant has a directory of packages of its own and sees no other: its deployment package.
- **Peers at their best.** Current releases, pinned in `benchmarks/variants`; the ONNX variants get the very graph
  that Coldpress exported, uncompressed. All packages of a variant *with bytecode* are compiled beforehand, in the
  way that is cheapest to load; one *without* compiles at each start, as a function's read-only directory makes it.
  boto3 is in each package that uses it, as AWS recommends.
- **By turns.** In each round every variant is started once, in an order that moves on by one; figures are medians,
  ratios are those of medians, with 95 % intervals from resampled rounds. All files are in the page cache.
- **Checked first.** Before anything is timed each variant answers the event, and must give scikit-learn's labels,
  and its probabilities within 1e-5.
- **Full duty.** Coldpress writes its logs and metrics and checks every digest. The textbook handler logs and
  counts too; the other peers do not.
"""

_NOTHING_YET = "\nNothing has been measured yet: run `make bench`.\n"


def write(results: Results, output: Path) -> None:
    """Write `results.json` and the page.

    Groups that were not measured now stay as they were, if they are of the same machine.
    """
    output.mkdir(parents=True, exist_ok=True)
    path = output / "results.json"
    earlier = json.loads(path.read_bytes()) if path.is_file() else {}
    path.write_text(f"{json.dumps(_joined(earlier, results), indent=1)}\n", "utf-8")
    (output / "README.md").write_text(render(json.loads(path.read_bytes())), "utf-8")


def render(results: Results) -> str:
    """The page, of whatever groups the results have."""
    parts = [_INTRODUCTION]
    if not results:
        parts.append(_NOTHING_YET)
    for title, lines in _sections(results):
        text = "\n".join(lines)
        parts.append(f"\n## {title}\n\n{text}\n")
    return "".join(parts)


def verdicts(data: bytes) -> str:
    """The targets as lines for a terminal, from the bytes of `results.json`."""
    return "\n".join(
        f"{'met   ' if target.met else 'MISSED'}  {target.promise}: {target.measured}"
        for target in targets(json.loads(data))
    )


def _joined(earlier: Results, now: Results) -> dict[str, Any]:
    date = now["machine"]["date"]
    fresh = {name: date for name in now if name not in _BESIDES_GROUPS}
    if any(earlier.get("machine", {}).get(key) != now["machine"][key] for key in _SAME):
        return {**now, "measured": fresh}
    return {
        **earlier,
        **now,
        "rounds": {**earlier["rounds"], **now["rounds"]},
        "measured": {**earlier["measured"], **fresh},
    }


def _sections(results: Results) -> Iterator[tuple[str, list[str]]]:
    if found := targets(results):
        yield "Targets", tables.targets_table(found)
    if "machine" in results:
        yield "Machine", tables.machine_list(results)
    if "cold" in results:
        yield "Cold start", tables.cold(results)
    if "warm" in results:
        yield "Warm latency", tables.warm(results["warm"])
    if "sizes" in results:
        yield "Package size", tables.sizes(results["sizes"])
    if "loading" in results:
        yield "Loading large models", tables.loading(results["loading"])
    if "sklearn" in results:
        yield "Beside scikit-learn itself", tables.sklearn(results["sklearn"])
    if "profile" in results:
        yield "Where INIT goes", tables.profile(results["profile"])
