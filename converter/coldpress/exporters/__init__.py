"""A trained model as ONNX: one module per framework, picked by name and imported late."""

from ._dispatch import attempts
from ._exported import Attempt, Exported, Outputs, Ranking

__all__ = ["Attempt", "Exported", "Outputs", "Ranking", "attempts"]
