"""A trained model from a file, without running code that nobody agreed to run."""

from ._load import SUFFIXES, load_model, model_of
from ._source import Source
from ._torch_model import TorchModel
from ._trained import TrainedModel
from .zipmap import without_zipmaps

__all__ = [
    "SUFFIXES",
    "Source",
    "TorchModel",
    "TrainedModel",
    "load_model",
    "model_of",
    "without_zipmaps",
]
