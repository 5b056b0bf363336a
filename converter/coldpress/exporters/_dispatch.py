"""Dispatch by framework; a framework is imported when a model of it is there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from ._exported import Attempt, Exported, Reference
from .probes import probed

if TYPE_CHECKING:
    from coldpress.load import TrainedModel
    from coldpress.onnx_file import OnnxFile
    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

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
        SampleError: The sample doesn't fit the model, or has no value.
        ExportError: No way would give a right export; the message says why.
        MissingExtraError: The framework's converter is not installed.
    """
    sample.check_values()
    ways: tuple[Attempt, ...] = _exporter(trained).attempts(trained.model, sample)
    return tuple(replace(way, export=partial(_with_probes, way, trained.framework)) for way in ways)


def reference(
    trained: TrainedModel,
    sample: Sample,
    signature: Signature,
    model: OnnxFile | None = None,
) -> Reference:
    """How a model answers in the form of an export that is already there.

    Args:
        trained: The model.
        sample: Rows to answer.
        signature: What the export takes and gives.
        model: The export, for probes on the thresholds of its trees.

    Raises:
        SampleError: The sample fits neither the model nor the export, or has no value.
        ExportError: The model is not what the export was made from.
        MissingExtraError: The framework is not installed.
    """
    sample.check_values()
    made: Reference = _exporter(trained).reference(trained.model, sample, signature)
    batch = max((spec.shape[0] for spec in signature.inputs if spec.shape), default=1)
    return probed(made, framework=trained.framework, model=model, batch=max(batch, 1))


def _with_probes(way: Attempt, framework: str) -> Exported:
    exported = way.export()
    file = exported.model
    held = probed(exported.reference, framework=framework, model=file, batch=_batch(file))
    return replace(exported, reference=held)


def _batch(model: OnnxFile) -> int:
    """How many rows a model takes at a time; 1 where that is free."""
    shapes = [value.type.tensor_type.shape for value in model.proto().graph.input]
    return max((shape.dim[0].dim_value for shape in shapes if shape.dim), default=1) or 1


def _exporter(trained: TrainedModel) -> ModuleType:
    return import_module(f".{_EXPORTERS[trained.framework]}", __package__)
