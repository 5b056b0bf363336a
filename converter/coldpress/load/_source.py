"""Where a model is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a model is, and how to read it.

    Attributes:
        path: A file, a SavedModel's directory, or ``module:factory``.
        trust: Whether it may run code while it is read, as pickles do.
        weights: For a factory, the file with the weights.
        signature: For a SavedModel, which of its signatures.
    """

    path: str
    trust: bool = False
    weights: str | None = None
    signature: str | None = None
