"""Boosters that are given sparse matrices, whose zeros XGBoost takes for missing values."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from coldpress.exporters._plugins import has_converter
from coldpress.exporters.boosting._families import is_booster

from ._inputs import parts_of

__all__ = ["fed_sparsely"]


def fed_sparsely(model: BaseEstimator, rows: Any) -> frozenset[int]:  # noqa: ANN401 - as the model takes them
    """The ids of boosters at the end of a pipeline whose steps before give a sparse matrix.

    Args:
        model: The model.
        rows: A few rows, in the form in which the model was fitted.
    """
    return frozenset(
        id(part.steps[-1][1])
        for part in parts_of(model)
        if isinstance(part, Pipeline) and _is_ours(part.steps[-1][1]) and _sparse(part, rows)
    )


def _is_ours(last: object) -> bool:
    return is_booster(last) and not has_converter(type(last))


def _sparse(pipeline: Pipeline, rows: Any) -> bool:  # noqa: ANN401 - as above
    if len(pipeline.steps) == 1:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return hasattr(pipeline[:-1].transform(rows), "tocsr")
    except Exception:  # noqa: BLE001 - a pipeline inside may be given what others make of rows
        return False
