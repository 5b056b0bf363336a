"""LightGBM models from its own text, which runs no code."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from coldpress.errors import LoadError, MissingExtraError, brief

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]


def load(file: ModelFile, *, trust: bool) -> object:
    """The booster in a LightGBM file.

    Raises:
        LoadError: It is no LightGBM model, or is damaged.
        MissingExtraError: LightGBM is not installed.
    """
    del trust  # These files run no code.
    # LightGBM reads what it can of a damaged file, or ends the process: it must be whole.
    if not file.data.startswith((b"tree\n", b"tree\r\n")):
        raise LoadError(
            f"{file.path.name} is no LightGBM model: its first line is not 'tree'; save the model "
            "with model.booster_.save_model('model.txt')"
        )
    if b"\nend of trees" not in file.data:
        raise LoadError(f"{file.path.name} is cut short: it has no 'end of trees'; save it again")
    try:
        import lightgbm  # noqa: PLC0415 - there only with the extra
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "lightgbm") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return lightgbm.Booster(model_str=file.data.decode(), params={"verbosity": -1})
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            raise LoadError(
                f"{file.path.name} can't be read as a LightGBM model: {brief(error)}"
            ) from error
