"""Why some estimators can't be followed on every row, for the message where that shows."""

from __future__ import annotations

from collections.abc import Mapping

from sklearn.base import BaseEstimator
from sklearn.impute import KNNImputer

from ._inputs import parts_of

__all__ = ["caution_of"]

_CAUTIONS: Mapping[type, str] = {
    KNNImputer: (
        "KNNImputer takes some of several training rows at the same distance by a sorting that "
        "differs between processors, and in float32 rounding decides which are near: give float64 "
        "without ties, or use a SimpleImputer"
    ),
}


def caution_of(model: BaseEstimator) -> str:
    """What to say where an export does not answer like its original; empty if nothing is known."""
    kinds = {type(part) for part in parts_of(model)}
    return "; ".join(text for kind, text in _CAUTIONS.items() if kind in kinds)
