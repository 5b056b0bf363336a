"""The results as a page: `docs/benchmarks/README.md` is written here, from `results.json` alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

from . import tables
from .targets import targets

__all__ = ["render", "verdicts", "write"]

Results = Mapping[str, Any]

# The machine's properties that two runs must share for their figures to stand on one page.
_SAME = ("processor", "cores", "python", "architecture")
_BESIDES_GROUPS = ("machine", "rounds", "versions", "unable", "failed", "measured")

_TEXTS = Path(__file__).parent / "texts"
_TABLES: dict[str, Callable[[Any], list[str]]] = {
    "warm": tables.warm,
    "sizes": tables.sizes,
    "loading": tables.loading,
    "sklearn": tables.sklearn,
    "profile": tables.profile,
}
_NOTHING_YET = "Nothing has been measured yet: run `make bench`.\n"


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
    introduction = (_TEXTS / "introduction.md").read_text("utf-8")
    return "\n".join([introduction, *(list(_sections(results)) or [_NOTHING_YET])])


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
        "rounds": {**earlier.get("rounds", {}), **now["rounds"]},
        "measured": {**earlier.get("measured", {}), **fresh},
    }


def _sections(results: Results) -> Iterator[str]:
    if found := targets(results):
        yield _section("targets", tables.targets_table(found))
    if "machine" in results:
        yield _section("machine", tables.machine_list(results))
    if "cold" in results:
        rounds = len(next(iter(results["cold"]["process"].values())))
        yield _section("cold", tables.cold(results), rounds=rounds)
    for group, table in _TABLES.items():
        if group in results:
            yield _section(group, table(results[group]))


def _section(name: str, table: list[str], **values: object) -> str:
    text = Template((_TEXTS / f"{name}.md").read_text("utf-8"))
    return text.substitute(values, table="\n".join(table))
