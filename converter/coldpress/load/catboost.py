"""CatBoost models from its own binary format, which runs no code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldpress.errors import LoadError, MissingExtraError, brief

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]

_MAGIC = b"CBM1"
_HEADER = 8
_CLASSIFYING = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll")


def load(file: ModelFile, *, trust: bool) -> object:
    """The classifier or regressor in a CatBoost file.

    Raises:
        LoadError: It is no CatBoost model, or is damaged.
        MissingExtraError: CatBoost is not installed.
    """
    del trust  # These files run no code.
    length = int.from_bytes(file.data[4:_HEADER], "little")
    if not file.data.startswith(_MAGIC):
        raise LoadError(
            f"{file.path.name} is no CatBoost model in its binary format; save the model with "
            "model.save_model('model.cbm')"
        )
    if len(file.data) < _HEADER + length:
        raise LoadError(f"{file.path.name} is cut short; save it again")
    try:
        import catboost  # noqa: PLC0415 - there only with the extra
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "catboost") from error
    try:
        return _read(catboost, file.data)
    except catboost.CatBoostError as error:
        raise LoadError(
            f"{file.path.name} can't be read as a CatBoost model: {brief(error)}"
        ) from error


def _read(catboost: Any, data: bytes) -> Any:  # noqa: ANN401 - untyped package
    plain = catboost.CatBoost().load_model(blob=data)
    loss = str(plain.get_all_params().get("loss_function", "")).partition(":")[0]
    kind = catboost.CatBoostClassifier if loss in _CLASSIFYING else catboost.CatBoostRegressor
    return kind().load_model(blob=data)
