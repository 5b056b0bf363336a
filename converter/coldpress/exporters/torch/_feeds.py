"""A sample as the tensors that a module takes, which does not say what it takes: it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from coldpress.errors import ColdpressError, SampleError, brief
from coldpress.exporters._steady import check_steady
from coldpress.exporters._tensors import fit_tensors
from coldpress.quiet import quietly

from ._types import float_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample

    from ._callee import Callee

__all__ = ["fit"]

_MOST_TRIES = 32


def fit(callee: Callee, sample: Sample, example: tuple[Any, ...] | None) -> dict[str, NDArray[Any]]:
    """The sample as tensors by name.

    Floats take the type of the module's own; whole numbers stay so where the module takes them,
    as an embedding does, and become floats where it does not, as a linear layer.

    Args:
        callee: The module.
        sample: The rows.
        example: Tensors that the module was seen to take; their types decide then.

    Raises:
        SampleError: The module takes the sample in none of these types.
    """
    if callee.specs is not None:
        return fit_tensors(callee.specs, sample)
    kinds = [list(_kinds(callee, array, sample.origin)) for array in _arrays(callee, sample)]
    if example is not None and len(example) == len(kinds):
        kinds = [[_numpy_type(tensor.dtype)] for tensor in example]
    arrays = dict(zip(callee.names, _arrays(callee, sample), strict=True))
    first: Exception | None = None
    for chosen in islice(product(*kinds), _MOST_TRIES):
        types = dict(zip(callee.names, chosen, strict=True))
        try:
            _try(callee, {n: a.astype(types[n]) for n, a in callee.few(arrays).items()})
        except ColdpressError:
            raise
        except Exception as error:  # noqa: BLE001 - a module may refuse in any way
            first = first or error
        else:
            return {n: np.ascontiguousarray(a, dtype=types[n]) for n, a in arrays.items()}
    raise SampleError(
        f"the module can't take the rows of {sample.origin}: {brief(first or ValueError())}"
    ) from first


def _try(callee: Callee, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Ask a module twice.

    Raises:
        ExportError: It answers the same rows in two ways.
    """
    with quietly():
        check_steady(
            lambda rows: dict(callee.ask(rows)),
            dict(arrays),
            "take random numbers out of forward, or call module.eval() before torch.export.export",
        )


def _arrays(callee: Callee, sample: Sample) -> list[NDArray[Any]]:
    if sample.frame is not None:
        return [sample.frame.to_numpy()]
    arrays = sample.arrays or {}
    if len(callee.names) == 1 and callee.names[0] not in arrays:
        return [next(iter(arrays.values()))]
    return [arrays[name] for name in callee.names]


def _kinds(callee: Callee, array: NDArray[Any], origin: str) -> Iterator[np.dtype[Any]]:
    """The types that an array may be meant to have, the likeliest first."""
    floats = _numpy_type(float_type(callee.model))
    if array.dtype.kind in "biu":
        yield array.dtype
        yield floats
        return
    try:
        numbers = array.astype(
            np.float64, casting="unsafe" if array.dtype == object else "same_kind"
        )
    except (TypeError, ValueError) as error:
        raise SampleError(
            f"{origin} holds {array.dtype} values for a module, which takes numbers only; turn "
            "text into numbers before"
        ) from error
    yield floats
    if np.isfinite(numbers).all() and np.array_equal(numbers, np.round(numbers)):
        yield np.dtype(np.int64)


def _numpy_type(dtype: torch.dtype) -> np.dtype[Any]:
    return torch.empty(0, dtype=dtype).numpy().dtype
