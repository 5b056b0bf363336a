"""Every case, framework by framework; a framework's module is imported when it is asked for."""

from collections.abc import Iterator
from importlib import import_module

from tests.zoo.case import Case

# Group → module of tests/zoo/cases with a tuple CASES.
GROUPS = {"scikit-learn": "sklearn", "boosters": "boosters", "keras": "keras", "torch": "torch"}


def quick_cases(group: str) -> list[Case]:
    """The cases of a group that `make test` runs, too."""
    return [case for case in cases_of(group) if case.quick]


def cases_of(*groups: str) -> Iterator[Case]:
    """The cases of some groups, or of all."""
    for group in groups or GROUPS:
        yield from import_module(f"tests.zoo.cases.{GROUPS[group]}_cases").CASES
