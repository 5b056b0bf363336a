"""XGBoost's own files, JSON and UBJSON: without code, but a damaged one can crash its reader."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import LoadError, MissingExtraError, brief

from .first_open import open_apart

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load", "try_out"]

_CURE = "write it with save_model('model.ubj')"
_SOURCE = re.compile(r"^(\[[\d:]+\] )?(\S+:\d+: )?")
# What scikit-learn's wrappers leave in the file → the wrapper.
_WRAPPERS = {
    "classifier": "XGBClassifier",
    "regressor": "XGBRegressor",
    "ranker": "XGBRanker",
}


def load(file: ModelFile, *, trust: bool) -> object:
    """The model in a ``.json``, ``.ubj`` or ``.model`` file.

    A model of which the file says that it was a classifier, regressor or ranker comes back as one;
    so does a booster with logistic or softmax probabilities, as a classifier. Any other is a
    `Booster`.

    Raises:
        LoadError: It is no XGBoost model, or is damaged.
        MissingExtraError: XGBoost is not installed.
    """
    del trust  # The formats hold no code.
    _check(file)
    xgb = _library(file)
    open_apart(file.path.name, "xgboost", file.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            booster = _booster(xgb, file.data)
            return _wrapped(xgb, booster, file.data)
        except Exception as error:
            raise LoadError(f"{file.path.name} can't be read by XGBoost: {_said(error)}") from error


def try_out(data: bytes) -> None:
    """Read a model and have it answer one row: damaged trees only crash when they are walked."""
    import xgboost as xgb  # noqa: PLC0415 - only for who needs it

    try:
        booster = _booster(xgb, data)
    except xgb.core.XGBoostError as error:
        raise LoadError(_said(error)) from error
    row = np.zeros((1, booster.num_features()), dtype=np.float32)
    booster.inplace_predict(row, validate_features=False)


def _said(error: Exception) -> str:
    """What XGBoost says, without the place in its sources and the stack that it prints as well."""
    first = str(error).partition("Stack trace")[0]
    return brief(ValueError(_SOURCE.sub("", first.strip())))


def _library(file: ModelFile) -> Any:  # noqa: ANN401 - a module
    try:
        import xgboost as xgb  # noqa: PLC0415 - a second, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "xgboost") from error
    return xgb


def _booster(xgb: Any, data: bytes) -> Any:  # noqa: ANN401 - untyped package
    booster = xgb.Booster()
    booster.load_model(bytearray(data))
    return booster


def _wrapped(xgb: Any, booster: Any, data: bytes) -> object:  # noqa: ANN401 - untyped package
    if (name := _wrapper(booster)) is None:
        whole: object = booster
        return whole
    model: object = getattr(xgb, name)()
    model.load_model(bytearray(data))  # type: ignore[attr-defined]  # an XGBModel
    return model


def _wrapper(booster: Any) -> str | None:  # noqa: ANN401 - untyped package
    noted = json.loads(booster.attr("scikit_learn") or "{}")
    if name := _WRAPPERS.get(noted.get("_estimator_type")):
        return name
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    return "XGBClassifier" if objective in ("binary:logistic", "multi:softprob") else None


def _check(file: ModelFile) -> None:
    if file.suffix == ".json":
        _check_json(file)
        return
    # UBJSON marks a key's length where JSON has a quotation mark.
    if file.data[:1] != b"{" or file.data[1:2] not in (b"L", b"l", b"i", b"U", b"I"):
        kind = "XGBoost's old binary format, or another" if file.suffix == ".model" else "another"
        raise LoadError(
            f"{file.path.name} is not UBJSON but {kind} format, which is not read; with the "
            f"XGBoost that wrote it, {_CURE}"
        )
    if b"learner" not in file.data:
        raise LoadError(f"{file.path.name} is UBJSON but no XGBoost model; {_CURE}")


def _check_json(file: ModelFile) -> None:
    try:
        document = json.loads(file.data)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{file.path.name} is no JSON that can be read, or is cut off") from error
    learner = document.get("learner") if isinstance(document, dict) else None
    if not isinstance(learner, dict) or "gradient_booster" not in learner:
        raise LoadError(f"{file.path.name} is JSON but no XGBoost model; {_CURE}")
