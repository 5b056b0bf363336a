"""ONNX files as they are, held against themselves without onnxruntime's optimisations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from coldpress.errors import ExportError, LoadError, brief
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.options import SessionOptions
from coldpress_runtime.session import ModelSession

from ._exported import Attempt, Exported, Outputs
from ._tensors import fit_tensors

if TYPE_CHECKING:
    from coldpress.sample import Sample

__all__ = ["attempts"]

_ERRORS_ONLY = 3


def attempts(model: bytes, sample: Sample) -> tuple[Attempt, ...]:
    """One way: the file as it is; see `coldpress.exporters.attempts`."""
    try:
        # Only to ask for its inputs: packing weights would be a third of the time.
        specs = ModelSession(model, options=SessionOptions(prepacking=False)).inputs
    except ArtifactError as error:
        raise LoadError(f"the ONNX file can't be served: {error}") from error
    tensors = fit_tensors(specs, sample)
    return (Attempt(name="as it is", export=partial(_export, model, tensors)),)


def _export(model: bytes, tensors: Outputs) -> Exported:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    try:
        plain = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own, one class for each kind
        raise ExportError(
            f"onnxruntime can't open the file without optimisations: {brief(error)}"
        ) from error
    return Exported(
        model=model,
        tensors=tensors,
        original=partial(_original, plain, tensors),
        described="the same ONNX file in onnxruntime, all graph optimisations disabled",
    )


def _original(session: ort.InferenceSession, tensors: Outputs, rows: slice) -> Outputs:
    names = [value.name for value in session.get_outputs()]
    answers = session.run(names, {name: array[rows] for name, array in tensors.items()})
    return dict(zip(names, (np.asarray(answer) for answer in answers), strict=True))
