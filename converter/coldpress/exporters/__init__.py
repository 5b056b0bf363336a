"""A trained model as ONNX: one module per framework, picked by name and imported late."""

from ._dispatch import attempts, reference
from ._exported import Attempt, Exported, Outputs, Reference, Rows

__all__ = [
    "Attempt",
    "Exported",
    "Outputs",
    "Reference",
    "Rows",
    "attempts",
    "reference",
]
