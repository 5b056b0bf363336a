"""TensorFlow SavedModels through tf2onnx: the one signature that is to be served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coldpress.errors import ExportError
from coldpress.quiet import quietly
from coldpress_runtime.artifact import Signature, TensorSpec

from ._exported import Attempt, Exported, Outputs, Reference, Rows
from ._lengths import length_probes
from ._steady import check_steady
from ._tensors import fit_tensors
from ._tf2onnx import DATATYPES, as_onnx

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.load import SavedModel
    from coldpress.sample import Sample

__all__ = ["attempts", "reference"]

Ask: TypeAlias = "Callable[[Mapping[str, NDArray[Any]]], Outputs]"


def attempts(model: SavedModel, sample: Sample) -> tuple[Attempt, ...]:
    """One way: the signature as it is; see `coldpress.exporters.attempts`."""
    specs = _specs(model)
    tensors = fit_tensors(specs, sample)
    outputs = sorted(model.function.structured_outputs)
    fixed = max(specs[0].shape[0], 1)
    check_steady(
        _asking(model, outputs),
        {name: array[:fixed] for name, array in tensors.items()},
        "save the model without random numbers and without state",
    )
    way = partial(_export, model, specs, tensors, outputs, sample)
    return (Attempt(name="as saved", export=way),)


def reference(model: SavedModel, sample: Sample, signature: Signature) -> Reference:
    """The signature itself; see `coldpress.exporters.reference`."""
    tensors = fit_tensors(signature.inputs, sample)
    names = [spec.name for spec in signature.outputs]
    return _reference(model, tensors, names, sample, signature.inputs)


def _export(
    model: SavedModel,
    specs: Sequence[TensorSpec],
    tensors: Outputs,
    outputs: Sequence[str],
    sample: Sample,
) -> Exported:
    taken = _taken(model)

    def answer(*values: Any) -> list[Any]:  # noqa: ANN401 - TensorFlow's tensors
        found = model.function(**{s.name: v for s, v in zip(taken, values, strict=True)})
        return [found[name] for name in outputs]

    return Exported(
        model=as_onnx(answer, taken, outputs, f"the signature '{model.signature_name}'"),
        reference=_reference(model, tensors, outputs, sample, specs),
    )


def _reference(
    model: SavedModel,
    tensors: Outputs,
    outputs: Sequence[str],
    sample: Sample,
    specs: Sequence[TensorSpec],
) -> Reference:
    ask = _asking(model, outputs)

    def original(rows: slice) -> Outputs:
        return ask({name: array[rows] for name, array in tensors.items()})

    return Reference(
        rows=Rows(name="sample", tensors=tensors, original=original),
        described=f"the SavedModel's signature '{model.signature_name}' in TensorFlow",
        probes=length_probes(specs, tensors, ask),
        ask=ask,
        truth=sample.truth,
        timed=partial(original, slice(0, max(specs[0].shape[0], 1))),
    )


def _asking(model: SavedModel, outputs: Sequence[str]) -> Ask:
    import tensorflow as tf  # noqa: PLC0415 - there is a SavedModel, so it is imported

    def ask(tensors: Mapping[str, NDArray[Any]]) -> Outputs:
        with quietly():
            answers = model.function(**{n: tf.constant(array) for n, array in tensors.items()})
        return {name: np.asarray(answers[name]) for name in outputs}

    return ask


def _taken(model: SavedModel) -> list[Any]:
    """The signature's inputs as `tf.TensorSpec`, in the order of their names."""
    import tensorflow as tf  # noqa: PLC0415 - as above

    found: dict[str, Any] = model.function.structured_input_signature[1]
    # By its keyword: the name inside may be another.
    return [tf.TensorSpec(s.shape, s.dtype, name=name) for name, s in sorted(found.items())]


def _specs(model: SavedModel) -> tuple[TensorSpec, ...]:
    taken = _taken(model)
    if not taken or not model.function.structured_outputs:
        raise ExportError(
            f"the signature '{model.signature_name}' takes or gives nothing; choose another with "
            "--signature"
        )
    return tuple(_spec(spec) for spec in taken)


def _spec(spec: Any) -> TensorSpec:  # noqa: ANN401 - untyped package
    datatype = DATATYPES.get(spec.dtype.name)
    if datatype is None:
        raise ExportError(f"input '{spec.name}' is {spec.dtype.name}, which ONNX has not")
    if spec.shape.rank is None:
        raise ExportError(
            f"input '{spec.name}' has no shape; save the model with an input_signature that says "
            "its shape, free where any size will do"
        )
    shape = tuple(-1 if size is None else size for size in spec.shape)
    return TensorSpec(name=spec.name, datatype=datatype, shape=shape)
