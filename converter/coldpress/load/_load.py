"""Dispatch by suffix: a file is what its name says, and nothing else is tried when that fails."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from coldpress.errors import LoadError, UsageError

from ._live import is_model, trained
from ._source import ModelFile, Source, read_file
from ._trained import TrainedModel

__all__ = ["SUFFIXES", "load_model", "model_of"]

# Suffix → module of this package that has `load(file, trust=…)`; imported when it is needed.
_LOADERS = {
    ".skops": "skops",
    ".joblib": "pickles",
    ".pkl": "pickles",
    ".pickle": "pickles",
    ".json": "xgboost",
    ".ubj": "xgboost",
    ".model": "xgboost",
    ".txt": "lightgbm",
    ".cbm": "catboost",
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".pt2": "torch",
    ".pt": "torch",
    ".pth": "torch",
    ".ts": "torch",
    ".onnx": "onnx",
}
SUFFIXES = tuple(_LOADERS)
_FACTORY = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*", re.ASCII)


def load_model(source: Source | Path, *, trust: bool = False) -> TrainedModel:
    """Load a trained model.

    Args:
        source: What to load; a bare path stands for a source with that path and `trust`.
        trust: Whether a bare path may run code while it is read, as pickles do.

    Raises:
        TrustError: The source can run code and trust was not given; nothing of it was run.
        LoadError: It is not what its suffix says, or holds something else than a model.
        MissingExtraError: The framework is not installed.
        UsageError: There is no such file, its suffix is unknown, or weights or a signature were
            given for what has none.
    """
    if isinstance(source, Path):
        source = Source(path=str(source), trust=trust)
    path = Path(source.path)
    if _FACTORY.fullmatch(source.path) and not path.exists():
        _reject(source, "signature")
        return _from_factory(source)
    _reject(source, "weights")
    if path.is_dir():
        return _from_folder(path, source)
    _reject(source, "signature")
    return _from_file(path, trust=source.trust)


def model_of(model: object) -> TrainedModel:
    """The trained model that an object of a framework is.

    Args:
        model: An estimator of scikit-learn, XGBoost, LightGBM or CatBoost, a Keras model, a
            PyTorch module or exported program, an `onnx.ModelProto` or an ONNX file's bytes; the
            last two are checked as a file would be.

    Raises:
        ExportError: It is of no framework that Coldpress knows.
        LoadError: It is no ONNX model that can be served.
    """
    return trained(model, suffix="object", sha256="")


def _from_file(path: Path, *, trust: bool) -> TrainedModel:
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise UsageError(
            f"{path.name}: a model is a file ending in {', '.join(SUFFIXES)}, a directory with a "
            f"SavedModel, or module:factory, not '{path.suffix}'"
        )
    file = read_file(path)
    model: object = import_module(f".{loader}", __package__).load(file, trust=trust)
    _check(file, model)
    found = trained(model, suffix=file.suffix.removeprefix("."), sha256=file.sha256)
    return replace(found, size=len(file.data))


def _check(file: ModelFile, model: object) -> None:
    # A file of bytes is no ONNX model: its suffix would say so.
    if isinstance(model, bytes) or not is_model(model):
        kind = type(model)
        raise LoadError(
            f"{file.path.name} holds a {kind.__module__}.{kind.__qualname__}, which is no model "
            "of a framework that Coldpress exports; save the fitted estimator, pipeline or network "
            "itself"
        )


def _from_folder(path: Path, source: Source) -> TrainedModel:
    from . import savedmodel  # noqa: PLC0415 - as the other loaders

    model, sha256 = savedmodel.load(path, trust=source.trust, signature=source.signature)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return replace(trained(model, suffix="savedmodel", sha256=sha256), size=size)


def _from_factory(source: Source) -> TrainedModel:
    from . import factory  # noqa: PLC0415 - as the other loaders

    model, sha256 = factory.load(source)
    size = source.weights.stat().st_size if source.weights else 0
    return replace(trained(model, suffix="factory", sha256=sha256), size=size)


def _reject(source: Source, option: str) -> None:
    if getattr(source, option) is None:
        return
    owner = {"weights": "module:factory", "signature": "a SavedModel directory"}[option]
    raise UsageError(f"--{option} can be given only with {owner}, and {source.path} is none")
