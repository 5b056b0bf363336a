"""CatBoost's own binary files: they hold no code, and CatBoost verifies their structure."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import LoadError, MissingExtraError, brief

from .first_open import open_apart

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load", "try_out"]

_MAGIC = b"CBM1"
_CLASSIFIER_LOSSES = frozenset(
    {
        *("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll", "MultiLogloss"),
        *("MultiCrossEntropy", "Focal"),
    }
)
_RANKER_LOSSES = (
    *("YetiRank", "PairLogit", "QueryRMSE", "QuerySoftMax", "QueryCrossEntropy", "LambdaMart"),
    *("StochasticFilter", "StochasticRank", "GroupQuantile"),
)


def load(file: ModelFile, *, trust: bool) -> object:
    """The `CatBoostClassifier`, `CatBoostRanker` or `CatBoostRegressor` in a ``.cbm`` file.

    Raises:
        LoadError: It is no CatBoost model, or is damaged.
        MissingExtraError: CatBoost is not installed.
    """
    del trust  # The format holds no code.
    name = file.path.name
    if not file.data.startswith(_MAGIC):
        raise LoadError(f"{name} is no CatBoost model; write it with save_model('model.cbm')")
    try:
        import catboost as cb  # noqa: PLC0415 - a second, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {name}", "catboost") from error
    open_apart(name, "catboost", file.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(getattr(cb, _kind(_read(cb.CatBoost, file.data))), file.data)
        except Exception as error:
            raise LoadError(f"{name} can't be read by CatBoost: {brief(error)}") from error


def try_out(data: bytes) -> None:
    """Read a model and, where it takes only numbers, have it answer one row."""
    import catboost as cb  # noqa: PLC0415 - only for who needs it

    model = _read(cb.CatBoost, data)
    model.get_all_params()
    numbers = not (
        model.get_cat_feature_indices()
        or model.get_text_feature_indices()
        or model.get_embedding_feature_indices()
    )
    if numbers:
        model.predict(np.zeros((1, len(model.feature_names_))), thread_count=1)


def _read(kind: Any, data: bytes) -> Any:  # noqa: ANN401 - untyped package
    model = kind()
    model.load_model(blob=data, format="cbm")
    return model


def _kind(model: Any) -> str:  # noqa: ANN401 - untyped package
    loss = str(model.get_all_params().get("loss_function", "")).partition(":")[0]
    if loss in _CLASSIFIER_LOSSES:
        return "CatBoostClassifier"
    return "CatBoostRanker" if loss.startswith(_RANKER_LOSSES) else "CatBoostRegressor"
