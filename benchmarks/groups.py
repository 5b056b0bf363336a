"""The groups of the benchmark, in their order, and what each of them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import cold_start, loading, machine, profile_init, sizes, sklearn_compare, warm
from .environments import Variant, full_version, prepare, prepare_floor
from .processes import emulator
from .published import served_models
from .workspace import BenchmarkError, Workspace, say

__all__ = ["GROUPS", "measure"]

GROUPS = ("cold", "warm", "sizes", "loading", "sklearn", "profile")
_ROUNDS = {"cold": 20, "warm": 10, "loading": 3, "sklearn": 7}
_QUICK_SIZES = 4  # zipping what stands further down takes minutes
_QUICK_ROUNDS = {"cold": 2, "warm": 2, "loading": 1, "sklearn": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What the groups share.

    Attributes:
        place: The run's places.
        variants: Those that can run, each answering as the model does.
        common: The environment of every function.
        rounds: Number of rounds, by group.
        quick: Whether small will do.
    """

    place: Workspace
    variants: list[Variant]
    common: dict[str, str]
    rounds: dict[str, int]
    quick: bool

    def variant(self, key: str) -> Variant:
        """A variant that a group can't do without."""
        found = next((each for each in self.variants if each.key == key), None)
        if found is None:
            raise BenchmarkError(f"the variant {key} does not run here, and others are held to it")
        return found


def measure(
    place: Workspace, wanted: Sequence[str], *, quick: bool, rounds: int | None
) -> dict[str, Any]:
    """Build, check, and measure the groups that are wanted.

    Returns:
        The results as they are written: ``machine``, ``versions``, ``unable`` (variants) and
        ``failed`` (groups) with reasons, and by group.
    """
    emulator(place)  # without it there is no need to build anything
    described = machine.describe(full_version(place))
    prepared = prepare(place)
    with served_models(place, prepared) as common:
        checked = cold_start.able_variants(place, prepared, common)
        bench = _Bench(
            place=place,
            variants=[each for each in checked if not each.unable],
            common=common,
            rounds=_rounds(quick=quick, rounds=rounds),
            quick=quick,
        )
        return {
            "machine": described,
            "rounds": {name: bench.rounds[name] for name in wanted if name in bench.rounds},
            "versions": {
                each.key: machine.pinned_versions(each.directory) for each in bench.variants
            },
            "unable": {
                each.key: place.without_paths(each.unable) for each in checked if each.unable
            },
            **_groups(bench, wanted),
        }


def _rounds(*, quick: bool, rounds: int | None) -> dict[str, int]:
    defaults = _QUICK_ROUNDS if quick else _ROUNDS
    return {name: rounds or count for name, count in defaults.items()}


def _groups(bench: _Bench, wanted: Sequence[str]) -> dict[str, Any]:
    """The groups' results; one that fails says why, and takes no other with it."""
    found: dict[str, Any] = {"failed": {}}
    for name in wanted:
        try:
            found[name] = _measured(bench, name)
        except (BenchmarkError, OSError, ValueError) as error:
            say(name, f"failed: {error}")
            found["failed"][name] = bench.place.without_paths(str(error))
    return found


def _measured(bench: _Bench, group: str) -> Any:  # noqa: ANN401 - what JSON can hold
    place, common, rounds = bench.place, bench.common, bench.rounds
    match group:
        case "cold":
            return cold_start.measure(place, bench.variants, common, rounds[group])
        case "warm":
            alive = [each for each in bench.variants if each.distinct_when_warm]
            return warm.measure(place, alive, prepare_floor(place), common, rounds[group])
        case "sizes":
            return sizes.measure(bench.variants[: _QUICK_SIZES if bench.quick else None])
        case "loading":
            ours = bench.variant("coldpress")
            return loading.measure(place, ours, rounds[group], quick=bench.quick)
        case "sklearn":
            pair = bench.variant("coldpress"), bench.variant("pickle")
            return sklearn_compare.measure(place, *pair, common, rounds[group])
        case _:
            return profile_init.measure(place, bench.variant("coldpress"), common)
