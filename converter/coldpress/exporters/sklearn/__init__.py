"""scikit-learn estimators and pipelines through skl2onnx."""

from ._attempts import attempts
from ._fit import fit_matrix
from ._reference import reference

__all__ = ["attempts", "fit_matrix", "reference"]
