"""Keras models through tf2onnx, from a traced function: its `from_keras` fails on Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coldpress.errors import ColdpressError, ExportError, SampleError, brief
from coldpress.quiet import quietly

from ._exported import Attempt, Exported, Outputs, Reference, Rows
from ._keras_inputs import Takes, takes_of
from ._keras_open import open_sizes
from ._keras_precision import caution_of
from ._keras_serving import served
from ._lengths import length_probes
from ._steady import check_steady
from ._tensors import fit_tensors
from ._tf2onnx import as_onnx

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

__all__ = ["attempts", "reference"]

Ask: TypeAlias = "Callable[[Mapping[str, NDArray[Any]]], Outputs]"

_BATCH = 256
_FEW = 2
_PREDICTING = ("predict", "predict_step", "make_predict_function")
# What TensorFlow's own format for a graph with its weights can hold.
_MOST_BYTES = 2**31 - 1


def attempts(model: Any, sample: Sample) -> tuple[Attempt, ...]:  # noqa: ANN401 - untyped package
    """One way: the model in its own types; see `coldpress.exporters.attempts`."""
    _check(model)
    caution = caution_of(model)
    takes = takes_of(model, sample)
    tensors = fit_tensors(takes.specs, sample)
    outputs = _output_names(model, _first_answer(model, takes, tensors, sample))
    held = _reference(model, takes, tensors, outputs, sample)
    check_steady(
        _asking(model, takes, outputs),
        {name: array[:_FEW] for name, array in tensors.items()},
        "build the model without random numbers and without stateful layers",
    )
    way = partial(_export, model, takes, outputs, replace(held, caution=caution))
    return (Attempt(name="as trained", export=way),)


def reference(model: Any, sample: Sample, signature: Signature) -> Reference:  # noqa: ANN401 - as above
    """The model's own predict; see `coldpress.exporters.reference`."""
    takes = takes_of(model, sample)
    names = [spec.name for spec in signature.outputs]
    tensors = fit_tensors(signature.inputs, sample)
    return _reference(model, takes, tensors, names, sample)


def _check(model: Any) -> None:  # noqa: ANN401 - untyped package
    import keras  # noqa: PLC0415 - there is a Keras model, so it is imported

    if (backend := keras.backend.backend()) != "tensorflow":
        raise ExportError(
            f"Keras runs on {backend} here, and its models are exported on TensorFlow; set "
            "KERAS_BACKEND=tensorflow"
        )
    if sum(np.prod(w.shape) * np.dtype(w.dtype).itemsize for w in _sized(model)) > _MOST_BYTES:
        raise ExportError(
            "the Keras model is over 2 GB, which TensorFlow can't hold in one graph; export it in "
            "float16, or build it in PyTorch, whose weights go to a file of their own"
        )


def _sized(model: Any) -> list[Any]:  # noqa: ANN401 - untyped package
    known = {"float16", "float32", "float64", "int8", "int32", "int64"}
    return [weight for weight in model.weights if weight.dtype in known]


def _export(
    model: Any,  # noqa: ANN401 - untyped package
    takes: Takes,
    outputs: Sequence[str],
    held: Reference,
) -> Exported:
    import tensorflow as tf  # noqa: PLC0415 - there is a Keras model that runs on it

    signature = [
        tf.TensorSpec([None if size == -1 else size for size in spec.shape], kind, name=spec.name)
        for spec, kind in zip(takes.specs, takes.types, strict=True)
    ]

    def answer(*values: Any) -> Any:  # noqa: ANN401 - the model's own
        args, kwargs = takes.pack(values)
        with open_sizes():
            return served(model, lambda: _called(model, args, kwargs))

    file = as_onnx(answer, signature, outputs, "the Keras model", _layers(model))
    return Exported(model=file, reference=held)


def _layers(model: Any) -> set[str]:  # noqa: ANN401 - untyped package
    inner = list(getattr(model, "layers", ()))
    return {layer.name for layer in inner}.union(*map(_layers, inner))


def _reference(
    model: Any,  # noqa: ANN401 - untyped package
    takes: Takes,
    tensors: Outputs,
    outputs: Sequence[str],
    sample: Sample,
) -> Reference:
    ask = _asking(model, takes, outputs)

    def original(rows: slice) -> Outputs:
        return ask({name: array[rows] for name, array in tensors.items()})

    return Reference(
        rows=Rows(name="sample", tensors=tensors, original=original),
        described="the Keras model itself"
        if _is_called(model, takes)
        else "the Keras model's own predict",
        probes=length_probes(takes.specs, tensors, ask),
        ask=ask,
        truth=sample.truth,
        timed=partial(original, slice(0, 1)),
    )


def _asking(model: Any, takes: Takes, outputs: Sequence[str]) -> Ask:  # noqa: ANN401 - as above
    import keras  # noqa: PLC0415 - as above

    def ask(tensors: Mapping[str, NDArray[Any]]) -> Outputs:
        answers = keras.tree.flatten(_answer(model, takes, tensors))
        return dict(zip(outputs, (np.asarray(a) for a in answers), strict=True))

    return ask


def _answer(model: Any, takes: Takes, tensors: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    args, kwargs = takes.pack([_value(tensors[spec.name]) for spec in takes.specs])
    with quietly():
        if _is_called(model, takes):
            return _called(model, args, kwargs)
        return model.predict(*args, batch_size=_BATCH, verbose=0)


def _is_called(model: Any, takes: Takes) -> bool:  # noqa: ANN401 - as above
    """Whether the original is the model itself rather than its predict.

    Predict follows a model that met several lengths with the length open, and some layers, such as
    TimeDistributed, fail or answer wrongly then. One of the model's own may do something else.
    """
    import keras  # noqa: PLC0415 - as above

    own = any(getattr(type(model), n) is not getattr(keras.Model, n) for n in _PREDICTING)
    return takes.named or (takes.free and not own)


def _called(model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """What the model answers as predict asks it; augmenting layers train unless told not to."""
    serving = {"training": False} if model._call_has_training_arg else {}  # noqa: SLF001 - as predict
    return model(*args, **kwargs, **serving)


def _value(array: Any) -> Any:  # noqa: ANN401 - an array, or a tensor of text
    import tensorflow as tf  # noqa: PLC0415 - as above

    # Keras takes no array of Python's own strings.
    return tf.constant(array.tolist(), shape=array.shape) if array.dtype == object else array


def _first_answer(model: Any, takes: Takes, tensors: Outputs, sample: Sample) -> Any:  # noqa: ANN401
    few = {name: array[:_FEW] for name, array in tensors.items()}
    try:
        return _answer(model, takes, few)
    except ColdpressError:
        raise
    except Exception as error:
        raise SampleError(
            f"the Keras model can't take the rows of {sample.origin}: {brief(error)}"
        ) from error


def _output_names(model: Any, answer: Any) -> list[str]:  # noqa: ANN401 - as above
    import keras  # noqa: PLC0415 - as above

    paths = [path for path, _ in keras.tree.flatten_with_path(answer)]
    inner = getattr(model, "_functional", None) or model
    names = list(getattr(inner, "output_names", ()))
    if all(any(isinstance(key, str) for key in path) for path in paths):
        names = ["_".join(map(str, path)) for path in paths]
    if len(names) == len(paths) == len(set(names)):
        return names
    return ["output"] if len(paths) == 1 else [f"output_{i}" for i in range(len(paths))]
