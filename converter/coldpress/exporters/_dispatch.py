"""Dispatch by framework; a framework is imported when a model of it is there."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldpress.load import TrainedModel
    from coldpress.sample import Sample

    from ._exported import Attempt

__all__ = ["attempts"]

_EXPORTERS = {"scikit-learn": "sklearn", "keras": "keras", "onnx": "onnx"}


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
    exporter = import_module(f".{_EXPORTERS[trained.framework]}", __package__)
    ways: tuple[Attempt, ...] = exporter.attempts(trained.model, sample)
    return ways
