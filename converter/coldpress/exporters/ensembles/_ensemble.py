"""A booster as values, however its library keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

__all__ = ["Ensemble", "Linear", "Link", "Tree"]

# What is done to the sum of all leaves.
Link: TypeAlias = Literal[
    "identity", "sigmoid", "softmax", "sigmoid of each", "exp", "log1p exp", "square", "step"
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree; arrays have one entry for each node, the root first.

    Attributes:
        feature: Column that a branch looks at, ``(nodes,)``; anything at leaves.
        threshold: What it compares with, ``(nodes,)``.
        left: Node where the comparison holds, ``(nodes,)``; -1 at leaves.
        right: Node where it does not.
        missing_left: Whether a NaN goes left, ``(nodes,)``.
        values: What a leaf adds to each output, ``(nodes, outputs)``; 0 at branches.
    """

    feature: NDArray[Any]
    threshold: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]
    missing_left: NDArray[Any]
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """A linear booster.

    Attributes:
        weights: ``(features, outputs)``.
    """

    weights: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """A booster.

    Attributes:
        features: How many columns it takes.
        trees: Its trees, or its linear model.
        base: What is added to each output, ``(outputs,)``.
        link: What is done to the sums.
        strict: Whether a branch asks for less than its threshold, rather than for at most that.
        scale: What the sum of leaves is multiplied by, such as 1 over the trees of a forest.
        slope: What a sum is multiplied by before a sigmoid.
        missing: Value that stands for a missing one, too; None where only NaN does.
    """

    features: int
    trees: tuple[Tree, ...] | Linear
    base: NDArray[Any]
    link: Link
    strict: bool
    scale: float = 1.0
    slope: float = 1.0
    missing: float | None = None

    @property
    def outputs(self) -> int:
        """How many sums there are."""
        return len(self.base)
