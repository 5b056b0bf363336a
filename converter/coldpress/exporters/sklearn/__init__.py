"""scikit-learn estimators through skl2onnx, in the types of the sample or in narrower ones."""

from ._attempts import attempts

__all__ = ["attempts"]
