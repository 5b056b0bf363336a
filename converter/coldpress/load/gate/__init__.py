"""The static gate of foreign ONNX files: what they must not hold before onnxruntime sees them."""

from ._external import check_external
from ._gate import check_model

__all__ = ["check_external", "check_model"]
