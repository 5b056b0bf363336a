"""What reading a file gave, when any object can come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldpress.errors import LoadError

from ._frameworks import framework_of

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["checked_object", "other_version"]

_UNPICKLED = ("scikit-learn", "xgboost", "lightgbm", "catboost")


def checked_object(file: ModelFile, loaded: object) -> object:
    """The object, if it is a model of a framework whose models are kept so.

    Raises:
        LoadError: It is something else, such as a dictionary around a model.
    """
    framework = framework_of(type(loaded))
    if framework is None or framework.name not in _UNPICKLED:
        kind = type(loaded)
        raise LoadError(
            f"{file.path.name} holds a {kind.__module__}.{kind.__qualname__}, not a scikit-learn "
            "estimator or a booster; save the fitted model itself"
        )
    return loaded


def other_version(file: ModelFile, warning: Any) -> LoadError:  # noqa: ANN401 - untyped package
    """The error for scikit-learn's warning that another version of it wrote the file."""
    used, installed = warning.original_sklearn_version, warning.current_sklearn_version
    return LoadError(
        f"{file.path.name} was written by scikit-learn {used} and {installed} is installed, which "
        f"may read it wrongly; install the version that wrote it: pip install scikit-learn=={used}"
    )
