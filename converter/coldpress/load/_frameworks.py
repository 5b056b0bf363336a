"""Which framework an object is of, told by the modules of its class's ancestry."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Framework", "framework_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework whose models are exported.

    Attributes:
        name: As in a manifest's source.
        packages: Distributions whose versions decide what an export is.
    """

    name: str
    packages: tuple[str, ...]


_SKLEARN = ("scikit-learn", "skl2onnx", "onnx", "numpy")
_BOOSTING = ("onnx", "numpy")
_ONNX = Framework(name="onnx", packages=("onnx", "numpy"))
_KERAS = ("keras", "tensorflow", "tf2onnx", "onnx", "numpy")

# Root module of a class → framework. The first of the ancestry counts: XGBoost's classes are
# scikit-learn's, too.
_BY_MODULE = {
    "sklearn": Framework(name="scikit-learn", packages=_SKLEARN),
    "xgboost": Framework(name="xgboost", packages=("xgboost", "xgboost-cpu", *_BOOSTING)),
    "lightgbm": Framework(name="lightgbm", packages=("lightgbm", *_BOOSTING)),
    "catboost": Framework(name="catboost", packages=("catboost", "onnx", "numpy")),
    "keras": Framework(name="keras", packages=_KERAS),
    "torch": Framework(name="torch", packages=("torch", "onnxscript", "onnx", "numpy")),
    "onnx": _ONNX,
}
# Values of our own that stand for a model.
_BY_NAME = {
    "OnnxFile": _ONNX,
    "SavedModel": Framework(name="tensorflow", packages=("tensorflow", "tf2onnx", "onnx", "numpy")),
    "TorchModel": _BY_MODULE["torch"],
}


def framework_of(kind: type) -> Framework | None:
    """The framework of a class; None if it is of none that is known."""
    if kind is bytes:
        return _ONNX
    for base in kind.__mro__:
        root = base.__module__.partition(".")[0]
        known = _BY_NAME.get(base.__name__) if root == "coldpress" else _BY_MODULE.get(root)
        if known is not None:
            return known
    return None
