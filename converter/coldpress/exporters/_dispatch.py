"""Dispatch by framework; a framework is imported when a model of it is there."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldpress.load import TrainedModel
    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

    from ._exported import Attempt, Reference

__all__ = ["attempts", "reference"]

# Framework → module of this package with `attempts(model, sample)` and
# `reference(model, sample, signature)`.
_EXPORTERS = {
    "scikit-learn": "sklearn",
    "xgboost": "boosting",
    "lightgbm": "boosting",
    "catboost": "boosting",
    "keras": "keras",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "onnx": "onnx",
}


def attempts(trained: TrainedModel, sample: Sample) -> tuple[Attempt, ...]:
    """The ways to export a model, in the order to try them; the first that is proven is taken.

    Args:
        trained: The model.
        sample: Rows that give the types of the inputs.

    Raises:
        SampleError: The sample doesn't fit the model.
        ExportError: No way would give a right export; the message says why.
        MissingExtraError: The framework's converter is not installed.
    """
    ways: tuple[Attempt, ...] = _exporter(trained).attempts(trained.model, sample)
    return ways


def reference(trained: TrainedModel, sample: Sample, signature: Signature) -> Reference:
    """How a model answers in the form of an export that is already there.

    Args:
        trained: The model.
        sample: Rows to answer.
        signature: What the export takes and gives.

    Raises:
        SampleError: The sample fits neither the model nor the export.
        ExportError: The model is not what the export was made from.
        MissingExtraError: The framework is not installed.
    """
    made: Reference = _exporter(trained).reference(trained.model, sample, signature)
    return made


def _exporter(trained: TrainedModel) -> ModuleType:
    return import_module(f".{_EXPORTERS[trained.framework]}", __package__)
