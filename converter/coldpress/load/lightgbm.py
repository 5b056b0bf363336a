"""LightGBM's own text files: they hold no code, but a damaged one can crash its reader."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import LoadError, MissingExtraError, brief

from .first_open import open_apart

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load", "try_out"]

_CURE = "write it with booster.save_model('model.txt')"
_TREE_SIZES = re.compile(r"^tree_sizes=((?:\d{1,18}(?: +|$))*)$", re.MULTILINE | re.ASCII)
_END = "end of trees"


def load(file: ModelFile, *, trust: bool) -> object:
    """The booster in a text file.

    Raises:
        LoadError: It is no LightGBM model, or is damaged.
        MissingExtraError: LightGBM is not installed.
    """
    del trust  # The format holds no code.
    text = _text(file)
    try:
        import lightgbm as lgb  # noqa: PLC0415 - a second, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "lightgbm") from error
    open_apart(file.path.name, "lightgbm", file.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _booster(lgb, text)
        except Exception as error:
            raise LoadError(
                f"{file.path.name} can't be read by LightGBM: {brief(error)}"
            ) from error


def try_out(data: bytes) -> None:
    """Read a model and have it answer one row: damaged trees only crash when they are walked."""
    import lightgbm as lgb  # noqa: PLC0415 - only for who needs it

    booster = _booster(lgb, data.decode())
    booster.predict(np.zeros((1, booster.num_feature())), num_threads=1)


def _booster(lgb: Any, text: str) -> Any:  # noqa: ANN401 - untyped package
    return lgb.Booster(model_str=text)


def _text(file: ModelFile) -> str:
    name = file.path.name
    try:
        text = file.data.decode()
    except UnicodeDecodeError as error:
        raise LoadError(f"{name} is not text, as LightGBM's models are; {_CURE}") from error
    if not re.match(r"tree\r?\n", text):
        raise LoadError(f"{name} is text but no LightGBM model; {_CURE}")
    sizes = _TREE_SIZES.search(text)
    if sizes is None or _END not in text or not _has_trees(text, sizes):
        raise LoadError(f"{name} is cut off, or was changed since LightGBM wrote it; {_CURE}")
    return text


def _has_trees(text: str, sizes: re.Match[str]) -> bool:
    """Whether the trees stand where the file's own table says: LightGBM reads on regardless."""
    trees = text[sizes.end() :].lstrip("\r\n").encode()
    at = 0
    for index, size in enumerate(map(int, sizes[1].split())):
        if not trees.startswith(b"Tree=%d\n" % index, at):
            return False
        at += size
    return trees.startswith(_END.encode(), at)
