"""Which library a model is of, and its reader."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from coldpress.errors import ExportError

from ._boosted import Boosted

__all__ = ["is_booster", "is_trained", "read"]

# Root module of a class in a model's ancestry → module of this package with `read(model)`.
_READERS = {"xgboost": "_xgboost", "lightgbm": "_lightgbm", "catboost": "_catboost"}


def is_booster(model: object) -> bool:
    """Whether something is a model of one of the libraries, trained or not."""
    trains = any(hasattr(model, name) for name in ("predict", "fit"))
    return trains and _root(model) is not None


def is_trained(model: Any) -> bool:  # noqa: ANN401 - a model of any of the libraries
    """Whether a model was trained; a raw booster always was."""
    for told in ("__sklearn_is_fitted__", "is_fitted"):
        if hasattr(model, told):
            return bool(getattr(model, told)())
    return True


def read(model: Any) -> Boosted:  # noqa: ANN401 - a model of any of the libraries
    """What a model is.

    Raises:
        ExportError: It is not trained, or of a kind that is not exported.
    """
    if not is_trained(model):
        raise ExportError(f"the {type(model).__name__} is not fitted; fit it first")
    reader = _READERS[_root(model) or ""]
    made: Boosted = import_module(f".{reader}", __package__).read(model)
    return made


def _root(model: object) -> str | None:
    roots = (base.__module__.partition(".")[0] for base in type(model).__mro__)
    return next((root for root in roots if root in _READERS), None)
