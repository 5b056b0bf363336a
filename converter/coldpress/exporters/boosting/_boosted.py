"""What a boosted model is, the same for every library: trees, a link, and how to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import ExportError
from coldpress.exporters._exported import Label

__all__ = [
    "ZERO",
    "Boosted",
    "Forest",
    "Link",
    "Mode",
    "Tree",
    "Vocabulary",
    "leaf",
    "whole_labels",
]

# Numbers no larger than this, in size, are zero to LightGBM.
ZERO = float(np.float32(1e-35))

Mode: TypeAlias = Literal["LEAF", "BRANCH_LT", "BRANCH_LEQ", "BRANCH_GT", "BRANCH_EQ"]
Link: TypeAlias = Literal[
    "identity", "sigmoid", "softmax", "exp", "positive", "signed square", "softplus", "winner"
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree; a node is a position in the arrays, the first is the root.

    Attributes:
        modes: What each node does with its feature and its value.
        features: The feature that each node asks for; 0 for leaves.
        values: What it is compared with; 0 for leaves.
        yes: The node to go on with where the comparison holds.
        no: The node to go on with where it does not.
        missing: Whether NaN goes the way of yes, 0 or 1.
        leaves: Nodes that add something, each as often as it adds to another target.
        targets: What each of them adds to.
        weights: How much it adds.
    """

    modes: Sequence[Mode]
    features: Sequence[int]
    values: Sequence[float]
    yes: Sequence[int]
    no: Sequence[int]
    missing: Sequence[int]
    leaves: Sequence[int]
    targets: Sequence[int]
    weights: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Trees whose answers are added up.

    Attributes:
        trees: The trees, at least one.
        base: What each target starts from; as many as there are targets.
    """

    trees: Sequence[Tree]
    base: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vocabulary:
    """The categories of a feature whose values are codes to the trees; any other is missing.

    Attributes:
        categories: Words, numbers or booleans, in the order of their codes, which count from 0.
    """

    categories: NDArray[Any]

    @property
    def is_text(self) -> bool:
        """Whether the categories are words."""
        return self.categories.dtype.kind not in "biuf"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boosted:
    """A trained model of any of the libraries.

    Attributes:
        maker: Name of the library that trained it.
        forest: Its trees; their sums are the margins.
        width: How many features it takes.
        names: The features' names, where it was trained with names; else empty.
        link: What makes predictions of margins.
        outputs: Names of its outputs: a label and probabilities, or a single one.
        ask: The original's answers to a matrix, or to a table with categories, one for each output,
            shaped as the export's.
        method: Which methods of the original give them.
        labels: The classes of a classifier.
        steepness: What margins are multiplied by before the link.
        single: Whether it rounds its input to float32 before anything else.
        missing: A value that counts as missing, beside NaN; None if there is none.
        zero_missing: Whether zero does.
        categories: Features whose values count as whole numbers.
        below_zero: What a category between -1 and 0 is: ``zero``, or ``none`` at all.
        vocabularies: The categories of features that are codes to the trees, by feature.
        lists: Categories of features in order, of which the model doesn't say the features.
        listed: For each feature, whether it is certainly one of those.
    """

    maker: str
    forest: Forest
    width: int
    names: tuple[str, ...]
    link: Link
    outputs: tuple[str, ...]
    ask: Callable[[Any], Sequence[NDArray[Any]]]
    method: str
    labels: tuple[Label, ...] = ()
    steepness: float = 1.0
    single: bool = True
    missing: float | None = None
    zero_missing: bool = False
    categories: tuple[int, ...] = ()
    below_zero: Literal["zero", "none"] = "none"
    vocabularies: Mapping[int, Vocabulary] = field(default_factory=dict)
    lists: tuple[NDArray[Any], ...] = ()
    listed: tuple[bool, ...] = ()


def leaf(weight: float = 0.0) -> Tree:
    """A tree that says the same to all, for models that learnt nothing."""
    return Tree(
        modes=("LEAF",), features=(0,), values=(0.0,), yes=(0,), no=(0,), missing=(0,),
        leaves=(0,), targets=(0,), weights=(weight,),
    )  # fmt: skip


def whole_labels(classes: NDArray[Any]) -> tuple[Label, ...]:
    """Class labels as ONNX can give them: strings, or whole numbers.

    Raises:
        ExportError: They are neither.
    """
    labels = classes.tolist()
    if all(isinstance(label, str) for label in labels):
        return tuple(labels)
    if all(isinstance(label, bool | int | float) and label == int(label) for label in labels):
        return tuple(int(label) for label in labels)
    raise ExportError(
        "the class labels are neither strings nor whole numbers, which ONNX can't give; "
        "train the model on labels that are"
    )
