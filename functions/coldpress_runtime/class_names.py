"""Classes as JSON has them; what an output's labels are called where they name its values."""

from __future__ import annotations

from .artifact import TensorSpec

__all__ = ["are_booleans", "class_names"]


def class_names(spec: TensorSpec) -> list[str]:
    """An output's labels as names of values, in their order; booleans as JSON writes them."""
    return [str(label).lower() if type(label) is bool else str(label) for label in spec.labels]


def are_booleans(spec: TensorSpec) -> bool:
    """Whether an output's labels are booleans, whose values ONNX has as 0 and 1."""
    return bool(spec.labels) and all(type(label) is bool for label in spec.labels)
