"""Values that carry no datatype, read as the model's signature says, and written back in rows.

Unlike the Open Inference Protocol's, these requests state neither datatype nor shape: lists within
lists are the shape, and what a value has to be is the model's to say. None is converted on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.errors import PayloadTooLarge, RequestError, quoted
from coldpress_runtime.options import Limits

from .json_body import kind_of
from .json_tensors import array_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "check_elements",
    "check_names",
    "column_of",
    "is_bytes",
    "located",
    "rows_of",
    "tensor_of",
    "written",
]

_B64 = "b64"


def tensor_of(where: str, spec: TensorSpec, data: object, limits: Limits) -> NDArray[Any]:
    """A tensor from lists within lists.

    Args:
        where: What to call it in errors, such as ``input 'x'``.
        spec: What the model takes: datatype and number of dimensions.
        data: Its values, nested as deep as the input has dimensions.
        limits: How many dimensions it may have.

    Returns:
        An array of the datatype's dtype; strings in an object array for BYTES. Its dimensions are
        those found, which the signature may refuse yet.

    Raises:
        RequestError: The lists are ragged, or stand more or less deep than the input has
            dimensions, or a value is none of the datatype's.
    """
    if len(spec.shape) > limits.rank:
        raise RequestError(
            f"{where} has {len(spec.shape)} dimensions, and the limit is {limits.rank}"
        )
    values: list[Any] = [data]
    shape: list[int] = []
    for _ in spec.shape:
        shape.append(_length(where, spec, values, len(shape)))
        values = list(chain.from_iterable(values))
    if list in set(map(type, values)):
        raise RequestError(f"{_rank(where, spec)}, but its values stand deeper in lists than that")
    return array_of(where, _plain(where, spec, values), spec.datatype).reshape(shape)


def column_of(where: str, values: list[Any], datatype: str) -> NDArray[Any]:
    """A table's column: one value for each row, with null for NaN among numbers.

    Raises:
        RequestError: A value is none of the datatype's; the message says in which row.
    """

    def convert(at: str, part: list[Any]) -> NDArray[Any]:
        return array_of(at, part, datatype)

    return located(where, values, convert)


def located(
    where: str, values: list[Any], convert: Callable[[str, list[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """A column converted at once; where that fails, the first value at fault is named by its row.

    Args:
        where: What to call the column in errors.
        values: One for each row.
        convert: Reads some of them under a name; it judges each for itself.

    Raises:
        RequestError: What `convert` raises for the first value that it refuses, named by row.
    """
    try:
        return convert(where, values)
    except RequestError as error:
        row = _first_wrong(values, convert)
        convert(f"{where} in row {row}", values[row : row + 1])
        raise RequestError(str(error)) from error


def is_bytes(value: object) -> bool:
    """Whether a JSON value is how bytes are sent: ``{"b64": "…"}``."""
    return isinstance(value, dict) and value.keys() == {_B64}


def check_elements(arrays: Iterable[NDArray[Any]], limits: Limits) -> None:
    """Check how many values a request's tensors have, all together.

    Raises:
        PayloadTooLarge: They are more than the limit.
    """
    if sum(array.size for array in arrays) > limits.elements:
        raise PayloadTooLarge(
            f"the request's tensors have more than {limits.elements:,} values, which is the "
            "limit; send fewer rows"
        )


def check_names(what: str, found: Iterable[str], expected: Sequence[str], where: str = "") -> None:
    """Check that the names found are those expected, in whatever order.

    Args:
        what: What they are names of, such as ``input``.
        found: The request's.
        expected: The model's.
        where: Which part of the request they stand in, such as `` in record 3``.

    Raises:
        RequestError: One is unknown, or missing.
    """
    names, wanted = dict.fromkeys(found), dict.fromkeys(expected)
    if unknown := [name for name in names if name not in wanted]:
        raise RequestError(
            f"unknown {what}{'s' * (len(unknown) > 1)} {quoted(unknown)}{where}; this model takes "
            f"{quoted(expected)}"
        )
    if missing := [name for name in wanted if name not in names]:
        raise RequestError(f"missing {what}{'s' * (len(missing) > 1)} {quoted(missing)}{where}")


def written(spec: TensorSpec, array: NDArray[Any]) -> Any:  # noqa: ANN401 - whatever orjson takes
    """A tensor for orjson with `OPT_SERIALIZE_NUMPY`, nested as its shape says.

    A NaN or an infinity, which JSON can't carry, becomes null.
    """
    if spec.datatype == "BYTES":
        return array.tolist()
    if spec.datatype == "FP16":
        array = array.astype(np.float32)
    # Of arrays without dimensions orjson takes only the scalar in them.
    return np.ascontiguousarray(array) if array.ndim else array[()]


def rows_of(spec: TensorSpec, array: NDArray[Any]) -> list[Any]:
    """A tensor's rows as Python's lists and numbers, to be put into objects.

    They have been JSON already, so that a float32 has its own few digits and not a float64's.
    """
    rows: list[Any] = (
        array.tolist()
        if spec.datatype == "BYTES"
        else orjson.loads(orjson.dumps(written(spec, array), option=orjson.OPT_SERIALIZE_NUMPY))
    )
    return rows


def _length(where: str, spec: TensorSpec, values: Sequence[Any], axis: int) -> int:
    """How many values each list of a level has."""
    if wrong := set(map(type, values)) - {list}:
        if list in set(map(type, values)):
            raise RequestError(
                f"{where} is ragged: lists and {kind_of(wrong.pop()())} stand side by side at "
                f"dimension {axis}"
            )
        hint = "; send each row as a list" if axis == 1 else ""
        raise RequestError(f"{_rank(where, spec)}, but its values have {axis}{hint}")
    lengths = set(map(len, values))
    if len(lengths) > 1:
        raise RequestError(f"{where} is ragged: the lists at dimension {axis} differ in length")
    return lengths.pop() if lengths else max(0, spec.shape[axis])


def _rank(where: str, spec: TensorSpec) -> str:
    return f"{where} must have {len(spec.shape)} dimensions, {list(spec.shape)}"


def _plain(where: str, spec: TensorSpec, values: list[Any]) -> list[Any]:
    """The values with bytes as the strings that they are, if the input takes strings."""
    if spec.datatype != "BYTES" or dict not in set(map(type, values)):
        return values
    from .text_bytes import text_of  # noqa: PLC0415 - for clients that send bytes

    return [text_of(where, value[_B64]) if is_bytes(value) else value for value in values]


def _first_wrong(values: list[Any], convert: Callable[[str, list[Any]], NDArray[Any]]) -> int:
    """The first row whose value is refused, found by halves."""
    start, end = 0, len(values)
    while end - start > 1:
        middle = (start + end) // 2
        try:
            convert("", values[start:middle])
        except RequestError:
            end = middle
        else:
            start = middle
    return start
