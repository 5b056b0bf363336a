"""How long the raw data are that joblib writes between a pickle's opcodes, told without a load.

Whoever gets it wrong goes on at another byte than joblib does, and misses what it runs: so all that
is not just as joblib writes it ends the search.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["Unsure", "array_bytes", "checked_wrapper", "holds_objects"]

# joblib.numpy_pickle.NumpyArrayWrapper, as its state has them.
_FIELDS = {"subclass", "shape", "order", "dtype", "allow_mmap"}
_OPTIONAL = {"numpy_array_alignment_bytes"}
# numpy.dtype.__setstate__: (version, order, subarray, names, fields, itemsize, alignment, flags).
_SUBARRAY, _NAMES, _ITEMSIZE, _FLAGS = 2, 3, 5, 7
_HAS_OBJECT = 1
_NUMBERS = "biufcmM"
_FLEXIBLE = "SUV"


class Unsure(Exception):
    """What stands there is nothing that joblib writes."""


def checked_wrapper(wrapper: Any) -> dict[str, Any]:  # noqa: ANN401 - an inert stand-in
    """The state of one of joblib's array wrappers, once it is just what joblib writes."""
    state = wrapper.state
    if type(wrapper).__module__ != "joblib.numpy_pickle" or wrapper.args or type(state) is not dict:
        raise Unsure("wrapper")
    if not state.keys() >= _FIELDS or state.keys() - _FIELDS - _OPTIONAL:
        raise Unsure("state")
    return state


def holds_objects(dtype: Any) -> bool:  # noqa: ANN401 - an inert numpy.dtype
    """Whether an array's elements are Python objects, which stand there as a pickle of their own.

    Raises:
        Unsure: It is no data type as numpy pickles one, or a record with objects in it.
    """
    code = _code(dtype)
    if code.hasobject:
        return True
    if not isinstance(dtype.state, tuple):
        return False
    state = dtype.state
    # numpy believes the flag, whatever the fields are: those with objects are not told apart here.
    nested = state[_SUBARRAY] is not None or state[_NAMES] is not None
    if (len(state) > _FLAGS and state[_FLAGS] & _HAS_OBJECT) or (nested and _any_object(dtype)):
        raise Unsure("objects in records")
    return False


def _any_object(dtype: Any, depth: int = 0) -> bool:  # noqa: ANN401 - as above
    if depth > 16 or _code(dtype).hasobject:  # noqa: PLR2004 - records in records
        return True
    if not isinstance(dtype.state, tuple):
        return False
    _, _, subarray, names, fields, *_ = dtype.state
    parts = [subarray[0]] if subarray else []
    parts += [fields[name][0] for name in names or ()]
    return any(_any_object(part, depth + 1) for part in parts)


def array_bytes(dtype: Any, shape: Any) -> int:  # noqa: ANN401 - as above
    """Length of an array's raw data in bytes.

    Raises:
        Unsure: Its shape is none, or its data type is not as numpy pickles one.
    """
    if not isinstance(shape, tuple) or any(type(size) is not int or size < 0 for size in shape):
        raise Unsure("shape")
    code = _code(dtype)
    if code.kind in _NUMBERS:
        return code.itemsize * math.prod(shape)
    # A text's and a record's size stands only in the state.
    if not isinstance(dtype.state, tuple) or type(dtype.state[_ITEMSIZE]) is not int:
        raise Unsure("size")
    return int(dtype.state[_ITEMSIZE]) * math.prod(shape)


def _code(dtype: Any) -> np.dtype[Any]:  # noqa: ANN401 - as above
    """The data type of which an inert one is named."""
    kind = type(dtype)
    if (kind.__module__, kind.__name__) != ("numpy", "dtype") or type(dtype.args[0]) is not str:
        raise Unsure("data type")
    code = np.dtype(dtype.args[0])
    if code.hasobject and code != np.dtype(object):
        raise Unsure("objects in records")
    if code.kind not in _NUMBERS + _FLEXIBLE + "O" or code.names or code.subdtype:
        raise Unsure("data type")
    return code
