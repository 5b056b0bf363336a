"""Dispatch by suffix: a file is what its name says, and nothing else is tried when that fails."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from coldpress.errors import ExportError, LoadError, UsageError

from ._trained import TrainedModel

__all__ = ["SUFFIXES", "ModelFile", "load_model", "model_of"]

# Suffix → module of this package that has `load(file, trust=…)`; imported when it is needed.
_LOADERS = {
    ".joblib": "pickles",
    ".pkl": "pickles",
    ".pickle": "pickles",
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".onnx": "onnx",
}
SUFFIXES = tuple(_LOADERS)

# Root module of a class in a live object's ancestry → framework and the packages that matter.
_FRAMEWORKS = {
    "sklearn": ("scikit-learn", ("scikit-learn", "skl2onnx", "onnx", "numpy")),
    # Also published as xgboost-cpu; of packages that are not installed nothing is recorded.
    "xgboost": ("xgboost", ("xgboost", "xgboost-cpu", "scikit-learn", "onnx", "numpy")),
    "lightgbm": ("lightgbm", ("lightgbm", "scikit-learn", "onnx", "numpy")),
    "catboost": ("catboost", ("catboost", "onnx", "numpy")),
    "keras": ("keras", ("keras", "tensorflow", "tf2onnx", "onnx", "numpy")),
    "onnx": ("onnx", ("onnx", "numpy")),
    "coldpress": ("onnx", ("onnx", "numpy")),  # an OnnxFile
}


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


def load_model(path: Path, *, trust: bool = False) -> TrainedModel:
    """Load a trained model from a file.

    Args:
        path: The file; its suffix says what it is.
        trust: Whether the file may run code while it is read, as pickles do.

    Raises:
        TrustError: The file can run code and `trust` is false; nothing of it was run.
        LoadError: The file is not what its suffix says, or holds something else than a model.
        MissingExtraError: The framework is not installed.
        UsageError: There is no such file, or its suffix is unknown.
    """
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise UsageError(
            f"{path.name}: a model is a file ending in {', '.join(SUFFIXES)}, not '{path.suffix}'"
        )
    file = _read(path)
    module = import_module(f".{loader}", __package__)
    model: object = module.load(file, trust=trust)
    trained = _trained(model, suffix=file.suffix.removeprefix("."), sha256=file.sha256)
    return replace(trained, size=len(file.data))


def model_of(model: object) -> TrainedModel:
    """The trained model that an object of a framework is.

    Args:
        model: A scikit-learn estimator, a Keras model, an `onnx.ModelProto` or an ONNX file's
            bytes; the last two are checked as a file would be.

    Raises:
        ExportError: It is of no framework that Coldpress knows.
        LoadError: It is no ONNX model that can be served.
    """
    if _framework(type(model)) is _FRAMEWORKS["onnx"]:
        model = import_module(".onnx", __package__).checked(model)
    return _trained(model, suffix="object", sha256="")


def _trained(model: object, *, suffix: str, sha256: str) -> TrainedModel:
    framework, packages = _framework(type(model))
    return TrainedModel(
        framework=framework, format=suffix, model=model, sha256=sha256, packages=packages
    )


def _framework(kind: type) -> tuple[str, tuple[str, ...]]:
    if kind is bytes:
        return _FRAMEWORKS["onnx"]
    for base in kind.__mro__:
        if known := _FRAMEWORKS.get(base.__module__.partition(".")[0]):
            return known
    raise ExportError(
        f"{kind.__module__}.{kind.__qualname__} is no model that Coldpress exports; "
        "give a scikit-learn estimator, a Keras model, or an ONNX file's bytes"
    )


def _read(path: Path) -> ModelFile:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read the model {path}: {error.strerror or error}") from error
    if not data:
        raise LoadError(f"{path.name} is empty")
    return ModelFile(path=path, data=data)
