"""Building a tree node by node, with sets of categories as chains of questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._boosted import Mode, Tree

__all__ = ["Nodes"]


class Nodes:
    """The nodes of a tree that is being built; a place that nothing is put in is a leaf."""

    def __init__(self) -> None:
        self._rows: list[tuple[Mode, int, float, int, int, int]] = []

    def keep(self) -> int:
        """Keep a place for a node."""
        self._rows.append(("LEAF", 0, 0.0, 0, 0, 0))
        return len(self._rows) - 1

    def put(  # noqa: PLR0913 - what a node is
        self, place: int, *, mode: Mode, feature: int, value: float, yes: int, no: int,
        missing: bool,
    ) -> None:  # fmt: skip
        """Put a node that compares a feature with a value.

        Args:
            place: Where to put it.
            mode: How it compares.
            feature: What it compares.
            value: What with.
            yes: The node to go on with where that holds.
            no: The node to go on with where it does not.
            missing: Whether NaN goes the way of yes.
        """
        self._rows[place] = (mode, feature, value, yes, no, int(missing))

    def put_set(  # noqa: PLR0913 - as above
        self, place: int, feature: int, wanted: Sequence[float], *, member: int, other: int,
        missing: int,
    ) -> None:  # fmt: skip
        """Put a node that asks whether a category is in a set.

        Args:
            place: Where to put the first question; the others get places of their own.
            feature: The category.
            wanted: The set, not empty.
            member: The node to go on with for a member.
            other: The node to go on with for any other category.
            missing: Which of the two NaN goes to.
        """
        for position, category in enumerate(wanted):
            last = position == len(wanted) - 1
            after = other if last else self.keep()
            self.put(
                place, mode="BRANCH_EQ", feature=feature, value=category, yes=member, no=after,
                missing=missing == member,
            )  # fmt: skip
            place = after

    def tree(self, **leaves: Any) -> Tree:  # noqa: ANN401 - the leaves of a Tree
        """The tree, with what its leaves add; see `Tree`."""
        modes, features, values, yes, no, missing = zip(*self._rows, strict=True)
        return Tree(
            modes=modes, features=features, values=values, yes=yes, no=no, missing=missing, **leaves
        )  # fmt: skip
