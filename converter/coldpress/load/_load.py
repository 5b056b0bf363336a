"""Dispatch by suffix: a file is what its name says, and nothing else is tried when that fails."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from coldpress.errors import ExportError, LoadError, UsageError

from ._frameworks import framework_of
from ._source import Source
from ._trained import TrainedModel

__all__ = ["SUFFIXES", "ModelFile", "load_model", "model_of"]

# Suffix → module of this package that has `load(file, trust=…)`; imported when it is needed.
_LOADERS = {
    ".skops": "skops",
    ".joblib": "pickles",
    ".pkl": "pickles",
    ".pickle": "pickles",
    ".json": "xgboost",
    ".ubj": "xgboost",
    ".txt": "lightgbm",
    ".cbm": "catboost",
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".pt2": "torch_files",
    ".pt": "torch_files",
    ".pth": "torch_files",
    ".onnx": "onnx",
}
SUFFIXES = tuple(_LOADERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model's file, read once: what is hashed is what is loaded.

    Attributes:
        path: Where it was.
        data: Its bytes.
    """

    path: Path
    data: bytes

    @property
    def suffix(self) -> str:
        """The suffix in lower case, with its dot."""
        return self.path.suffix.lower()

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def load_model(source: Source) -> TrainedModel:
    """Load a trained model.

    Args:
        source: Where it is; a file's suffix says what it is.

    Raises:
        TrustError: It can run code and is not trusted; nothing of it was run.
        LoadError: It is not what its suffix says, or holds something else than a model.
        MissingExtraError: The framework is not installed.
        UsageError: There is no such file, or its suffix is unknown.
    """
    path = Path(source.path)
    if path.is_dir():
        return _from_directory(path, source)
    if ":" in source.path and not path.exists():
        return _from_factory(source)
    if source.weights is not None:
        raise UsageError("--weights are for a model that MODULE:FACTORY builds")
    return _from_file(path, trust=source.trust)


def model_of(model: object) -> TrainedModel:
    """The trained model that an object of a framework is.

    Args:
        model: A scikit-learn estimator, a booster, a Keras model, a `torch.nn.Module`, an
            `onnx.ModelProto` or an ONNX file's bytes; the last two are checked as a file would be.

    Raises:
        ExportError: It is of no framework that Coldpress knows.
        LoadError: It is no ONNX model that can be served.
    """
    framework = framework_of(type(model))
    if framework is None:
        raise ExportError(
            f"{type(model).__module__}.{type(model).__qualname__} is no model that Coldpress "
            "exports; give a scikit-learn estimator, an XGBoost, LightGBM or CatBoost model, a "
            "Keras model, a torch.nn.Module, or an ONNX file's bytes"
        )
    if framework.name == "onnx":
        model = import_module(".onnx", __package__).checked(model)
    elif framework.name == "torch":
        model = import_module("._torch_model", __package__).torch_model_of(model)
    return _trained(model, suffix="object")


def _from_file(path: Path, *, trust: bool) -> TrainedModel:
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise UsageError(
            f"{path.name}: a model is a file ending in {', '.join(SUFFIXES)}, a SavedModel's "
            f"directory, or MODULE:FACTORY, not '{path.suffix}'"
        )
    file = _read(path)
    module = import_module(f".{loader}", __package__)
    model: object = module.load(file, trust=trust)
    suffix = file.suffix.removeprefix(".")
    return _trained(model, suffix=suffix, sha256=file.sha256, size=len(file.data))


def _from_directory(path: Path, source: Source) -> TrainedModel:
    saved = import_module(".savedmodel", __package__)
    if not (path / saved.GRAPH_NAME).is_file():
        raise UsageError(
            f"{path} is a directory without a {saved.GRAPH_NAME}, so no SavedModel; name a model's "
            "file"
        )
    model = saved.load_saved_model(path, signature=source.signature, trust=source.trust)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    digest = saved.saved_model_digest(path)
    return _trained(model, suffix="savedmodel", sha256=digest, size=size)


def _from_factory(source: Source) -> TrainedModel:
    model = import_module(".factory", __package__).load_factory(source)
    if source.weights is None:
        return _trained(model, suffix="factory")
    data = Path(source.weights).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return _trained(model, suffix="factory", sha256=digest, size=len(data))


def _trained(model: object, *, suffix: str, sha256: str = "", size: int = 0) -> TrainedModel:
    framework = framework_of(type(model))
    if framework is None:
        raise AssertionError(f"{type(model)} was loaded and is of no framework")
    return TrainedModel(
        framework=framework.name,
        format=suffix,
        model=model,
        sha256=sha256,
        packages=framework.packages,
        size=size,
    )


def _read(path: Path) -> ModelFile:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read the model {path}: {error.strerror or error}") from error
    if not data:
        raise LoadError(f"{path.name} is empty")
    return ModelFile(path=path, data=data)
