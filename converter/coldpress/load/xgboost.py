"""XGBoost models from its own JSON and UBJSON, which run no code."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

from coldpress.errors import LoadError, MissingExtraError, brief

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]

_ESTIMATORS = {
    "classifier": "XGBClassifier",
    "regressor": "XGBRegressor",
    "ranker": "XGBRanker",
}
_CLASSIFYING = ("binary:logistic", "multi:softprob", "multi:softmax")
# How a UBJSON object begins whose first key is "learner".
_UBJSON = b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner"


def load(file: ModelFile, *, trust: bool) -> object:
    """The model in an XGBoost file: a classifier, regressor or ranker, else the bare booster.

    Raises:
        LoadError: It is no XGBoost model, or is damaged.
        MissingExtraError: XGBoost is not installed.
    """
    del trust  # These files run no code.
    _check_begin(file)
    try:
        import xgboost  # noqa: PLC0415 - there only with the extra
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "xgboost") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            booster = xgboost.Booster()
            booster.load_model(bytearray(file.data))
            return _estimator(xgboost, booster, file.data) or booster
        except Exception as error:
            raise LoadError(
                f"{file.path.name} can't be read as an XGBoost model: "
                f"{brief(error).partition(' Stack trace')[0]}"
            ) from error


def _check_begin(file: ModelFile) -> None:
    if file.suffix == ".ubj":
        if not file.data.startswith(_UBJSON):
            raise LoadError(
                f"{file.path.name} is no XGBoost model in UBJSON; save it with "
                "model.save_model('model.ubj')"
            )
        return
    try:
        found = json.loads(file.data)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{file.path.name} is not JSON that can be read: {brief(error)}") from error
    if not isinstance(found, dict) or "learner" not in found:
        raise LoadError(
            f"{file.path.name} is JSON, but no XGBoost model: it has no 'learner'; save the model "
            "with model.save_model('model.json')"
        )


def _estimator(xgboost: Any, booster: Any, data: bytes) -> Any:  # noqa: ANN401 - untyped package
    """scikit-learn's form of the model, if the file says which; the bare booster says less."""
    config = json.loads(booster.save_config())
    objective = config["learner"]["objective"]["name"]
    told = booster.attributes().get("scikit_learn")
    kind = json.loads(told).get("_estimator_type") if told else None
    if kind is None and objective in _CLASSIFYING:
        kind = "classifier"
    if kind not in _ESTIMATORS:
        return None
    estimator = getattr(xgboost, _ESTIMATORS[kind])()
    estimator.load_model(bytearray(data))
    return estimator
