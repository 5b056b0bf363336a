"""A sample as the tensors that a graph declares, where no framework says how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import SampleError
from coldpress.sample import quoted
from coldpress_runtime.session import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["fit_tensors"]


def fit_tensors(specs: Sequence[TensorSpec], sample: Sample) -> dict[str, NDArray[Any]]:
    """The sample as one tensor for each input, cast to its datatype.

    A single input takes a single array, or the whole table; several take arrays or columns of
    their names.

    Raises:
        SampleError: An input is missing or unknown, or values don't fit its datatype or shape.
    """
    arrays = _arrays(specs, sample)
    names = {spec.name for spec in specs}
    missing, extra = sorted(names - arrays.keys()), sorted(arrays.keys() - names)
    if missing or extra:
        raise SampleError(_mismatch(sample.origin, missing, extra, sorted(names)))
    return {spec.name: _fit(spec, arrays[spec.name], sample.origin) for spec in specs}


def _arrays(specs: Sequence[TensorSpec], sample: Sample) -> Mapping[str, NDArray[Any]]:
    names = [spec.name for spec in specs]
    if sample.frame is not None:
        if len(names) == 1 and names[0] not in sample.columns:
            return {names[0]: sample.frame.to_numpy()}
        return {column: sample.frame[column].to_numpy() for column in sample.columns}
    arrays = sample.arrays or {}
    if len(names) == 1 and len(arrays) == 1:
        return {names[0]: next(iter(arrays.values()))}
    return arrays


def _mismatch(origin: str, missing: list[str], extra: list[str], names: list[str]) -> str:
    if extra == [""]:
        return (
            f"{origin} is one array and the model takes {quoted(names)}; "
            "give an .npz file with an array of each name"
        )
    parts = [f"is missing {quoted(missing)}"] if missing else []
    if extra:
        parts.append(f"has {quoted(extra)}, which the model does not take")
    return f"{origin} {' and '.join(parts)}; its inputs are {quoted(names)}"


def _fit(spec: TensorSpec, array: NDArray[Any], origin: str) -> NDArray[Any]:
    cast = _cast(spec, array, origin)
    if cast.ndim + 1 == len(spec.shape) and spec.shape[-1] in (-1, 1):
        cast = cast[..., np.newaxis]
    # The first dimension is rows, which go through in batches of whatever size the model takes.
    wanted, found = spec.shape[1:], cast.shape[1:]
    fits = len(wanted) == len(found) and all(
        want in (-1, have) for want, have in zip(wanted, found, strict=True)
    )
    if not fits:
        raise SampleError(
            f"input '{spec.name}' takes rows of shape {_shown(wanted)} and those of {origin} have "
            f"{_shown(found)}" + _hint(wanted, found)
        )
    return cast


def _hint(wanted: Sequence[int], found: Sequence[int]) -> str:
    if len(wanted) == len(found) == 1 and found[0] > wanted[0]:
        return "; leave columns such as the label out with --drop COLUMN"
    return ""


def _cast(spec: TensorSpec, array: NDArray[Any], origin: str) -> NDArray[Any]:
    if spec.datatype == "BYTES":
        return array.astype(str).astype(object)
    dtype = DTYPES[spec.datatype]
    if array.dtype.kind == "O":
        array = _as_numbers(spec, array, origin)
    try:
        with np.errstate(over="ignore", invalid="raise"):
            cast = array.astype(dtype)
    except (ValueError, TypeError, FloatingPointError) as error:
        raise _unfit(spec, array, origin) from error
    # What float32 rounds is told by the comparison; what it makes infinite is another number.
    endless = dtype.kind == "f" and array.dtype.kind in "iuf" and _became_infinite(array, cast)
    if endless or (dtype.kind in "iub" and not np.array_equal(cast, array)):
        raise _unfit(spec, array, origin)
    return cast


def _became_infinite(array: NDArray[Any], cast: NDArray[Any]) -> bool:
    return bool((np.isinf(cast) & np.isfinite(array)).any())


def _as_numbers(spec: TensorSpec, array: NDArray[Any], origin: str) -> NDArray[Any]:
    try:
        return array.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise _unfit(spec, array, origin) from error


def _unfit(spec: TensorSpec, array: NDArray[Any], origin: str) -> SampleError:
    kind = "text" if array.dtype.kind in "UO" else str(array.dtype)
    return SampleError(
        f"input '{spec.name}' takes {spec.datatype} and {origin} holds {kind} for it, "
        "which can't be cast without loss"
    )


def _shown(shape: Sequence[int]) -> str:
    return "(" + ", ".join("any" if size == -1 else str(size) for size in shape) + ")"
