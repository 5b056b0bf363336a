"""What a Keras model takes: in which structure, and of which types and shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from coldpress.errors import ExportError, SampleError
from coldpress.sample import quoted
from coldpress_runtime.artifact import TensorSpec

from ._exported import Outputs
from ._tf2onnx import DATATYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["Takes", "takes_of"]

# Values in the order of the inputs → positional and keyword arguments of the model.
Pack: TypeAlias = Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]

_NOT_DATA = ("training", "mask")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Takes:
    """A Keras model's inputs.

    Attributes:
        specs: Name, datatype and shape of each, the first dimension free.
        types: TensorFlow's name of each one's type.
        pack: The arguments that values for them are.
        named: Whether these arguments are given by name, which predict can't do.
    """

    specs: tuple[TensorSpec, ...]
    types: tuple[str, ...]
    pack: Pack
    named: bool = False

    @property
    def free(self) -> bool:
        """Whether another axis is open than that of rows."""
        return any(-1 in spec.shape[1:] for spec in self.specs)


def takes_of(model: Any, sample: Sample) -> Takes:  # noqa: ANN401 - untyped package
    """What a model takes; of a subclassed one, from how it was called and from the sample.

    Raises:
        ExportError: The model was never built, or takes what ONNX has not.
        SampleError: The sample has not what a subclassed model takes.
    """
    inputs = _declared(model)
    if inputs is None:
        return _subclassed(model, sample)
    return Takes(
        specs=tuple(_spec(tensor) for tensor in inputs),
        types=tuple(str(tensor.dtype) for tensor in inputs),
        pack=_as_built(model),
    )


def _declared(model: Any) -> list[Any] | None:  # noqa: ANN401 - untyped package
    try:
        return list(model.inputs) or None
    except (AttributeError, ValueError, TypeError):
        return None


def _spec(tensor: Any) -> TensorSpec:  # noqa: ANN401 - untyped package
    datatype = DATATYPES.get(tensor.dtype)
    if datatype is None:
        raise ExportError(f"input '{tensor.name}' is {tensor.dtype}, which ONNX has not")
    if getattr(tensor, "sparse", False) or getattr(tensor, "ragged", False):
        raise ExportError(
            f"input '{tensor.name}' is sparse or ragged, and only dense tensors can be served; "
            "pad it to one length"
        )
    if tensor.shape is None or not tensor.shape:
        raise ExportError(f"input '{tensor.name}' has no dimension of rows")
    # A model that was built by its first fit carries the size of that batch: it is free again.
    shape = (-1, *(-1 if size is None else size for size in tensor.shape[1:]))
    return TensorSpec(name=tensor.name, datatype=datatype, shape=shape)


def _as_built(model: Any) -> Pack:  # noqa: ANN401 - untyped package
    import keras  # noqa: PLC0415 - there is a Keras model, so it is imported

    inner = getattr(model, "_functional", None) or model
    structure = getattr(inner, "_inputs_struct", None)

    def pack(values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if structure is None or (len(values) == 1 and not isinstance(structure, dict)):
            return (values[0],), {}
        return (keras.tree.pack_sequence_as(structure, list(values)),), {}

    return pack


def _subclassed(model: Any, sample: Sample) -> Takes:  # noqa: ANN401 - untyped package
    if not model.built:
        raise ExportError(
            "the Keras model does not say what it takes; build it with keras.Input, as a "
            "Functional or Sequential model, or call it once before saving"
        )
    shapes = (model.get_build_config() or {}).get("input_shape")
    names = _parameters(model)
    if isinstance(shapes, Mapping):
        keys = sorted(shapes)
        return _from_sample(
            keys, sample, lambda values: ((dict(zip(keys, values, strict=True)),), {})
        )
    if isinstance(shapes, (list, tuple)) and shapes and not _is_shape(shapes):
        count = [f"{names[0]}_{index}" for index in range(len(shapes))]
        return _from_sample(count, sample, lambda values: ((list(values),), {}))
    if len(sample.arrays or ()) <= 1:
        return _from_sample(names[:1], sample, lambda values: ((values[0],), {}))
    given = [name for name in names if name in (sample.arrays or {})]
    by_name = _from_sample(
        given, sample, lambda values: ((), dict(zip(given, values, strict=True)))
    )
    return replace(by_name, named=True)


def _is_shape(shapes: Sequence[Any]) -> bool:
    return all(size is None or isinstance(size, int) for size in shapes)


def _parameters(model: Any) -> list[str]:  # noqa: ANN401 - untyped package
    found = inspect.signature(model.call).parameters.values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [p.name for p in found if p.kind not in kinds and p.name not in _NOT_DATA]
    return names or ["inputs"]


def _from_sample(names: Sequence[str], sample: Sample, pack: Pack) -> Takes:
    arrays = _arrays(names, sample)
    types = [_type(name, array) for name, array in arrays.items()]
    specs = tuple(
        TensorSpec(name=name, datatype=DATATYPES[kind], shape=(-1, *array.shape[1:]))
        for (name, array), kind in zip(arrays.items(), types, strict=True)
    )
    return Takes(specs=specs, types=tuple(types), pack=pack)


def _arrays(names: Sequence[str], sample: Sample) -> Outputs:
    if len(names) == 1:
        if sample.frame is not None:
            return {names[0]: sample.frame.to_numpy()}
        if len(sample.arrays or ()) == 1:
            return {names[0]: next(iter((sample.arrays or {}).values()))}
    arrays = sample.arrays or {}
    if set(names) != set(arrays):
        raise SampleError(
            f"{sample.origin} has {quoted([n for n in arrays if n]) or 'one array'} and the model "
            f"takes {quoted(names)}; give an .npz file with an array of each name"
        )
    return {name: arrays[name] for name in names}


def _type(name: str, array: NDArray[Any]) -> str:
    """The type of an input that only the sample tells: floats are those of Keras."""
    if array.dtype.kind == "f":
        return "float32"
    if array.dtype.kind in "biu":
        return str(array.dtype)
    if array.dtype == object and all(isinstance(v, (int, float)) for v in array.flat):
        return "float32"
    raise ExportError(
        f"the sample holds {array.dtype} for the input '{name}' of a subclassed Keras model, which "
        "can't be told to take it; build the model with keras.Input"
    )
