"""A trained model from a file, without running code that nobody agreed to run."""

from ._load import SUFFIXES, load_model, model_of
from ._source import Source
from ._trained import SavedModel, TorchModel, TrainedModel

__all__ = [
    "SUFFIXES",
    "SavedModel",
    "Source",
    "TorchModel",
    "TrainedModel",
    "load_model",
    "model_of",
]
