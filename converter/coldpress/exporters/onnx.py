"""ONNX files as they are, held against themselves without onnxruntime's optimisations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from coldpress.errors import ExportError, LoadError, brief
from coldpress_runtime.artifact import Signature
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.options import SessionOptions
from coldpress_runtime.session import WEIGHTS_FOLDER

from ._exported import Attempt, Exported, Outputs, Reference, Rows
from ._tensors import fit_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from coldpress.onnx_file import OnnxFile
    from coldpress.sample import Sample

__all__ = ["attempts", "reference"]

_ERRORS_ONLY = 3


def attempts(model: OnnxFile, sample: Sample) -> tuple[Attempt, ...]:
    """One way: the file as it is; see `coldpress.exporters.attempts`."""
    try:
        # Only to ask what it takes and gives: packing weights would be a third of the time.
        session = model.open(SessionOptions(prepacking=False))
    except ArtifactError as error:
        raise LoadError(f"the ONNX file can't be served: {error}") from error
    signature = Signature(inputs=session.inputs, outputs=session.outputs)
    # At once: a sample that doesn't fit shall be told before anything is tried.
    tensors = fit_tensors(signature.inputs, sample)
    return (Attempt(name="as it is", export=partial(_export, model, tensors, sample)),)


def reference(model: OnnxFile, sample: Sample, signature: Signature) -> Reference:
    """The file without optimisations; see `coldpress.exporters.reference`."""
    return _reference(model, fit_tensors(signature.inputs, sample), sample)


def _export(model: OnnxFile, tensors: Outputs, sample: Sample) -> Exported:
    return Exported(model=model, reference=_reference(model, tensors, sample))


def _reference(model: OnnxFile, tensors: Outputs, sample: Sample) -> Reference:
    plain = _plain_session(model)
    return Reference(
        rows=Rows(name="sample", tensors=tensors, original=partial(_original, plain, tensors)),
        ask=partial(_asked, plain),
        described="the same ONNX file in onnxruntime, all graph optimisations disabled",
        labels=model.labels,
        truth=sample.truth,
    )


def _plain_session(model: OnnxFile) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    if model.folder is not None:
        options.add_session_config_entry(WEIGHTS_FOLDER, str(model.folder))
    try:
        return ort.InferenceSession(model.graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own, one class for each kind
        raise ExportError(
            f"onnxruntime can't open the file without optimisations: {brief(error)}"
        ) from error


def _original(session: ort.InferenceSession, tensors: Outputs, rows: slice) -> Outputs:
    return _asked(session, {name: array[rows] for name, array in tensors.items()})


def _asked(session: ort.InferenceSession, tensors: Mapping[str, NDArray[Any]]) -> Outputs:
    names = [value.name for value in session.get_outputs()]
    answers = session.run(names, dict(tensors))
    return dict(zip(names, (np.asarray(answer) for answer in answers), strict=True))
