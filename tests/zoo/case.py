"""What a case of the zoo is: a model that somebody might bring, and rows for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A trained model with rows.

    Attributes:
        model: A live object, as `coldpress.export` takes it.
        sample: Rows to export with: a DataFrame, an array, or a mapping of names to arrays.
        fresh: Other rows of the same kind, which the export never saw: they judge the bundle.
        options: Further keyword arguments for `coldpress.export`.
    """

    model: Any
    sample: Any
    fresh: Any
    options: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One animal.

    Attributes:
        name: What it is, such as ``RandomForestClassifier`` or ``XGBClassifier, binary``.
        group: Which table it is in: ``scikit-learn``, ``boosters``, ``keras`` or ``torch``.
        build: Trains the model; small data, a fixed seed, warnings silenced.
        quick: Whether `make test` runs it, too: under a second, framework import aside.
        refused: A part of the message, where Coldpress is expected to refuse it; None where a
            bundle is expected.
    """

    name: str
    group: str
    build: Callable[[], Built]
    quick: bool = True
    refused: str | None = None
