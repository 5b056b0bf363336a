"""scikit-learn estimators and pipelines through skl2onnx."""

from ._attempts import attempts
from ._reference import reference

__all__ = ["attempts", "reference"]
