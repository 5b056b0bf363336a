"""Golden examples: a few requests with the original's answers, kept in the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from coldpress.onnx_file import least_rows
from coldpress_runtime.dialects.open_inference_json import encode_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference, Rows
    from coldpress_runtime.artifact import Signature, TensorSpec

__all__ = ["golden_examples"]

SCHEMA_VERSION = 1
_EXAMPLES = 5


def golden_examples(reference: Reference, signature: Signature) -> bytes:
    """Examples of one request each, evenly spaced over the sample, as JSON.

    Each is the smallest request that the model takes: one row, or its fixed batch. Rows with NaN
    or an infinity are left out, since JSON has neither, and so are answers with an infinity; NaN
    in an answer is null.

    Args:
        reference: The sample, and the original's answers.
        signature: What it takes and gives.
    """
    examples = []
    sample = reference.rows
    for rows in _spread(list(_candidates(sample, signature))):
        tensors = {name: array[rows] for name, array in sample.tensors.items()}
        answers = sample.original(rows)
        if any(_infinite(array) for array in answers.values()):
            continue
        examples.append(
            {
                "request": {"inputs": _encode(signature.inputs, tensors)},
                "response": {"outputs": _encode(signature.outputs, answers)},
            }
        )
    document = {"schema_version": SCHEMA_VERSION, "examples": examples}
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2)


def _candidates(sample: Rows, signature: Signature) -> Iterator[slice]:
    size = least_rows(signature.inputs)
    finite = np.logical_and.reduce([_finite(array) for array in sample.tensors.values()])
    for start in range(0, sample.count - size + 1, size):
        if finite[start : start + size].all():
            yield slice(start, start + size)


def _spread(candidates: Sequence[slice]) -> list[slice]:
    if not candidates:
        return []
    picked = np.linspace(0, len(candidates) - 1, _EXAMPLES).round().astype(int)
    return [candidates[index] for index in sorted(set(picked.tolist()))]


def _finite(array: NDArray[Any]) -> NDArray[np.bool_]:
    if array.dtype.kind != "f":
        return np.ones(len(array), dtype=np.bool_)
    flags: NDArray[np.bool_] = np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    return flags


def _infinite(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and bool(np.isinf(array).any())


def _encode(
    specs: Sequence[TensorSpec], tensors: Mapping[str, NDArray[Any]]
) -> list[dict[str, Any]]:
    return [encode_tensor(spec, tensors[spec.name]) for spec in specs]
