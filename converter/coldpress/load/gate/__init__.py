"""What an ONNX model must pass before compiled code sees it; one module for each kind of check."""

from ._gate import Checked, check_model
from ._values import check_is_tensor

__all__ = ["Checked", "check_is_tensor", "check_model"]
