"""Keras models through tf2onnx, from a traced function: its `from_keras` fails on Keras 3."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import ExportError, MissingExtraError, brief
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.artifact import Signature, TensorSpec

from ._canonical import rename_canonically
from ._exported import Attempt, Exported, Outputs, Reference, Rows
from ._graph import rename_outputs, serialise
from ._tensors import fit_tensors

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["attempts", "reference"]

# The newest that tf2onnx is tested with.
_OPSET = 18
_BATCH = 256
_DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
    **{
        f"{sign}int{bits}": f"{sign.upper()}INT{bits}"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}


def attempts(model: Any, sample: Sample) -> tuple[Attempt, ...]:  # noqa: ANN401 - untyped package
    """One way: the model in its own types; see `coldpress.exporters.attempts`."""
    specs = tuple(_spec(tensor) for tensor in _inputs(model))
    tensors = fit_tensors(specs, sample)
    return (Attempt(name="as trained", export=partial(_export, model, specs, tensors, sample)),)


def reference(model: Any, sample: Sample, signature: Signature) -> Reference:  # noqa: ANN401 - as above
    """The model's own predict; see `coldpress.exporters.reference`."""
    names = [spec.name for spec in signature.outputs]
    return _reference(model, fit_tensors(signature.inputs, sample), names, sample)


def _export(
    model: Any,  # noqa: ANN401 - untyped package
    specs: Sequence[TensorSpec],
    tensors: Outputs,
    sample: Sample,
) -> Exported:
    with _quiet():
        proto = _convert(model, specs)
    names = _output_names(model, len(proto.graph.output))
    rename_canonically(proto)
    rename_outputs(proto, names)
    outputs = [value.name for value in proto.graph.output]
    return Exported(
        model=OnnxFile(graph=serialise(proto)),
        reference=_reference(model, tensors, outputs, sample),
    )


def _reference(
    model: Any,  # noqa: ANN401 - untyped package
    tensors: Outputs,
    names: Sequence[str],
    sample: Sample,
) -> Reference:
    return Reference(
        rows=Rows(
            name="sample", tensors=tensors, original=partial(_original, model, tensors, names)
        ),
        described="the Keras model's own predict",
        ask=partial(_asked, model, names),
        truth=sample.truth,
        timed=partial(_original, model, tensors, names, slice(0, 1)),
    )


def _convert(model: Any, specs: Sequence[TensorSpec]) -> onnx.ModelProto:  # noqa: ANN401 - untyped
    try:
        import tensorflow as tf  # noqa: PLC0415 - seconds, only for who needs it
        import tf2onnx  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError.needed_by("exporting a Keras model", "tensorflow") from error
    signature = [
        tf.TensorSpec(_dims(tensor.shape), tensor.dtype, name=spec.name)
        for tensor, spec in zip(_inputs(model), specs, strict=True)
    ]
    traced = tf.function(lambda *xs: model(_packed(model, xs), training=False), signature)
    try:
        proto: onnx.ModelProto
        proto, _ = tf2onnx.convert.from_function(traced, input_signature=signature, opset=_OPSET)
    except Exception as error:
        raise ExportError(f"tf2onnx can't convert the Keras model: {brief(error)}") from error
    return proto


def _original(
    model: Any,  # noqa: ANN401 - untyped package
    tensors: Outputs,
    names: Sequence[str],
    rows: slice,
) -> Outputs:
    return _asked(model, names, {name: array[rows] for name, array in tensors.items()})


def _asked(
    model: Any,  # noqa: ANN401 - untyped package
    names: Sequence[str],
    tensors: Mapping[str, NDArray[Any]],
) -> Outputs:
    import keras  # noqa: PLC0415 - there is a Keras model, so it is imported

    fed = _packed(model, list(tensors.values()))
    with _quiet():
        answer = model.predict(fed, batch_size=_BATCH, verbose=0)
    return dict(zip(names, (np.asarray(a) for a in keras.tree.flatten(answer)), strict=True))


def _inputs(model: Any) -> list[Any]:  # noqa: ANN401 - untyped package
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):
        inputs = None
    if not inputs:
        raise ExportError(
            "the Keras model does not say what it takes; build it with keras.Input, as a "
            "Functional or Sequential model, or call it once before saving"
        )
    return list(inputs)


def _packed(model: Any, values: Sequence[Any]) -> Any:  # noqa: ANN401 - untyped package
    """Flat inputs in the structure that the model was built with, such as a dictionary."""
    structure = getattr(model, "_inputs_struct", None)
    if isinstance(structure, dict):
        # Keras flattens a dictionary by its sorted keys.
        return dict(zip(sorted(structure), values, strict=True))
    return values[0] if len(values) == 1 else list(values)


def _spec(tensor: Any) -> TensorSpec:  # noqa: ANN401 - untyped package
    datatype = _DATATYPES.get(tensor.dtype)
    if datatype is None:
        raise ExportError(f"input '{tensor.name}' is {tensor.dtype}, which ONNX has not")
    shape = tuple(-1 if size is None else size for size in _dims(tensor.shape))
    return TensorSpec(name=tensor.name, datatype=datatype, shape=shape)


def _dims(shape: Sequence[int | None]) -> list[int | None]:
    # A model that was built by its first fit carries the size of that batch: it is free again.
    return [None, *shape[1:]]


def _output_names(model: Any, count: int) -> list[str]:  # noqa: ANN401 - untyped package
    inner = getattr(model, "_functional", None) or model
    names = list(getattr(inner, "output_names", ()))
    if len(names) != count or len(set(names)) != count:
        return [f"output_{index}" for index in range(count)]
    return names


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings, logs and prints of TensorFlow and tf2onnx to themselves."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "tf2onnx", "absl")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
