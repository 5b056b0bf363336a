"""Which framework a live object is of, told by its classes without importing any."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from coldpress.errors import ExportError
from coldpress.onnx_file import OnnxFile

from ._trained import SavedModel, TorchModel, TrainedModel
from .parts import models_inside

__all__ = ["is_model", "trained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Framework:
    """A framework: its name, the classes that its models descend from, and what exports them."""

    name: str
    classes: frozenset[str]
    packages: tuple[str, ...]


_EVERY = ("onnx", "numpy")
_BOOSTERS = ("xgboost", "lightgbm", "catboost")
# Root module of a class → framework, and names of its classes that are models.
_FRAMEWORKS = {
    "sklearn": _Framework(
        name="scikit-learn",
        classes=frozenset({"BaseEstimator"}),
        packages=("scikit-learn", "skl2onnx", *_EVERY),
    ),
    "xgboost": _Framework(
        name="xgboost",
        classes=frozenset({"XGBModel", "Booster"}),
        packages=("xgboost", "xgboost-cpu", *_EVERY),
    ),
    "lightgbm": _Framework(
        name="lightgbm",
        classes=frozenset({"LGBMModel", "Booster"}),
        packages=("lightgbm", *_EVERY),
    ),
    "catboost": _Framework(
        name="catboost", classes=frozenset({"CatBoost"}), packages=("catboost", *_EVERY)
    ),
    "keras": _Framework(
        name="keras",
        classes=frozenset({"Model"}),
        packages=("keras", "tensorflow", "tf2onnx", *_EVERY),
    ),
    "torch": _Framework(
        name="torch",
        classes=frozenset({"Module", "ExportedProgram"}),
        packages=("torch", "onnxscript", *_EVERY),
    ),
    "onnx": _Framework(name="onnx", classes=frozenset({"ModelProto"}), packages=_EVERY),
}
_SAVED_MODEL = _Framework(
    name="tensorflow", classes=frozenset(), packages=("tensorflow", "tf2onnx", *_EVERY)
)


def is_model(value: object) -> bool:
    """Whether an object is a model of a framework that Coldpress exports."""
    return _framework(value) is not None


def trained(model: object, *, suffix: str, sha256: str) -> TrainedModel:
    """A live object as a trained model; ONNX is checked, and PyTorch put into inference mode.

    Raises:
        ExportError: It is of no framework that Coldpress knows.
        LoadError: It is no ONNX model that can be served.
    """
    framework = _framework(model)
    if framework is None:
        raise _unknown(type(model))
    return TrainedModel(
        framework=framework.name,
        format=suffix,
        model=_ready(framework.name, model, live=suffix == "object"),
        sha256=sha256,
        packages=_packages(framework, model),
    )


def _framework(value: object) -> _Framework | None:
    if isinstance(value, SavedModel):
        return _SAVED_MODEL
    if isinstance(value, TorchModel):
        return _FRAMEWORKS["torch"]
    if isinstance(value, bytes | OnnxFile):
        return _FRAMEWORKS["onnx"]
    # The first that fits: XGBClassifier descends from scikit-learn's classes as well.
    for base in type(value).__mro__:
        known = _FRAMEWORKS.get(_root(base))
        if known and base.__name__ in known.classes:
            return known
    return None


def _root(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _ready(framework: str, model: Any, *, live: bool) -> Any:  # noqa: ANN401 - any framework's object
    if framework == "onnx" and not isinstance(model, OnnxFile):
        return import_module(".onnx", __package__).checked(model)
    if framework == "torch" and not isinstance(model, TorchModel):
        return _inference(model, live=live)
    return model


def _inference(module: Any, *, live: bool) -> TorchModel:  # noqa: ANN401 - untyped package
    if _is_program(module):
        example = module.example_inputs
        return TorchModel(module=module, example=tuple(example[0]) if example else None)
    # A live module stays in the mode that its owner has it in; the exporter puts it back.
    return TorchModel(module=module if live else module.eval())


def _is_program(module: object) -> bool:
    return any(base.__name__ == "ExportedProgram" for base in type(module).__mro__)


def _packages(framework: _Framework, model: object) -> tuple[str, ...]:
    found = dict.fromkeys(framework.packages)
    inside = models_inside(model) if framework.name == "scikit-learn" else ()
    for name in dict.fromkeys(_root(kind) for part in inside for kind in type(part).__mro__):
        found.update(dict.fromkeys(_FRAMEWORKS[name].packages if name in _BOOSTERS else ()))
    return tuple(found)


def _unknown(kind: type) -> ExportError:
    name = f"{kind.__module__}.{kind.__qualname__}"
    if _root(kind) == "onnx":
        return ExportError(f"an onnx.{kind.__name__} is no model; give an onnx.ModelProto")
    return ExportError(
        f"{name} is no model that Coldpress exports; give a fitted estimator of scikit-learn, "
        "XGBoost, LightGBM or CatBoost, a Keras model, a PyTorch module, or an ONNX file's bytes"
    )
