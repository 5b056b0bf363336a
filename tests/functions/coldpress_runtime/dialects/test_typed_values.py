from contextlib import suppress

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.dialects.typed_values import (
    check_elements,
    column_of,
    is_bytes,
    rows_of,
    tensor_of,
    written,
)
from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits
from coldpress_runtime.session import DTYPES

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
LIMITS = Limits()

# Datatype, shape, values that fit, and the shape found.
FITTING = {
    "rows": ("FP32", (-1, 2), [[1, 2.5], [3, 4]], (2, 2)),
    "one dimension": ("INT64", (-1,), [1, 2, 3], (3,)),
    "scalar": ("INT8", (), 7, ()),
    "cube": ("UINT8", (-1, 1, 2), [[[1, 2]], [[3, 4]]], (2, 1, 2)),
    "booleans": ("BOOL", (-1,), [True, False], (2,)),
    "strings": ("BYTES", (-1, 1), [["a"], ["é\u0000"]], (2, 1)),
    "largest": ("UINT64", (-1,), [2**64 - 1, 0], (2,)),
    "no rows": ("FP32", (-1, 3), [], (0, 3)),
    "rows without columns": ("FP32", (-1, -1), [[], []], (2, 0)),
}

# Datatype, shape, values, and what the error says.
WRONG = {
    "a row for rows": (
        "FP32",
        (-1, 2),
        [1, 2],
        "x must have 2 dimensions, [-1, 2], but its values have 1; send each row as a list",
    ),
    "a value for rows": ("FP32", (-1, 2), 1, "x must have 2 dimensions, [-1, 2], but its values"),
    "lists for values": ("FP32", (-1,), [[1]], "1 dimensions, [-1], but its values stand deeper"),
    "a list for a scalar": ("FP32", (), [1], "0 dimensions, [], but its values stand deeper"),
    "null": ("FP32", (-1,), None, "but its values have 0"),
    "ragged": ("FP32", (-1, 2), [[1, 2], [3]], "x is ragged: the lists at dimension 1 differ"),
    "value after a list": ("FP32", (-1, 2), [[1, 2], 3], "x is ragged: lists and whole numbers"),
    "list after a value": ("FP32", (-1,), [1, [2]], "stand deeper"),
    "text for numbers": ("FP64", (-1,), ["1.5"], "x is FP64, but its value is '1.5'"),
    "fraction": ("INT64", (-1,), [1.5], "x is INT64, but its data hold floating-point numbers"),
    "boolean for a number": ("INT8", (-1,), [True], "its data hold booleans"),
    "number for a boolean": ("BOOL", (-1,), [1], "its data hold whole numbers"),
    "out of range": ("INT8", (-1,), [128], "x: a value is out of range for INT8"),
    "beyond FP32": ("FP32", (-1,), [1e39], "x: a value is out of range for FP32"),
    "bytes for numbers": ("FP32", (-1,), [{"b64": "AA=="}], "its data hold objects"),
    "object for text": ("BYTES", (-1,), [{"a": "b"}], "x is BYTES, but its data hold objects"),
    "bad base64": ("BYTES", (-1,), [{"b64": "?"}], "x: b64 is not sound base64"),
    "base64 of no text": ("BYTES", (-1,), [{"b64": "/w=="}], "x: bytes in b64 are no UTF-8"),
    "base64 a number": ("BYTES", (-1,), [{"b64": 1}], "x: b64 must be a string of base64"),
    "17 dimensions": ("FP32", (1,) * 17, [], "x has 17 dimensions, and the limit is 16"),
}

# Datatype, values, and what the error says.
WRONG_COLUMNS = {
    "text": ("FP64", [1.0, 2, "3"], "c in row 2 is FP64, but its value is '3'"),
    "the first of several": ("INT64", [1, 1.5, None, "a"], "c in row 1 is INT64"),
    "null among whole numbers": ("INT64", [None, 1], "c in row 0 is INT64, but its data hold null"),
    "null among strings": ("BYTES", ["a", None], "c in row 1 is BYTES, but its data hold null"),
    "out of range": ("UINT8", [0] * 99 + [256], "c in row 99: a value is out of range for UINT8"),
}

_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["b64", "x"]), children, max_size=2)
    ),
    max_leaves=8,
)


def _spec(datatype, shape):
    return TensorSpec(name="x", datatype=datatype, shape=shape)


def _through_json(value):
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


@pytest.mark.parametrize(
    ("datatype", "shape", "values", "found"), FITTING.values(), ids=FITTING.keys()
)
def test_values_are_read_as_the_input_says(datatype, shape, values, found):
    """Lists within lists become an array of the input's datatype, with the shape that they have."""
    array = tensor_of("x", _spec(datatype, shape), values, LIMITS)
    assert array.dtype == DTYPES[datatype]
    assert array.shape == found
    assert array.tolist() == values


@pytest.mark.parametrize(
    ("datatype", "shape", "values", "message"), WRONG.values(), ids=WRONG.keys()
)
def test_values_that_do_not_fit_are_refused(datatype, shape, values, message):
    """What is not nested as the input is, or none of its datatype, is refused with a reason."""
    with pytest.raises(RequestError) as caught:
        tensor_of("x", _spec(datatype, shape), values, LIMITS)
    assert message in str(caught.value)


def test_bytes_are_strings():
    """Strings may be sent as base64, alone or beside others."""
    values = [{"b64": "w6k="}, "a", {"b64": ""}]
    array = tensor_of("x", _spec("BYTES", (-1,)), values, LIMITS)
    assert array.tolist() == ["é", "a", ""]


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_a_missing_number_is_nan(datatype):
    """In a column, null stands for NaN among floating-point numbers."""
    column = column_of("c", [1, None, 0.5], datatype)
    assert column.dtype == DTYPES[datatype]
    np.testing.assert_array_equal(column, [1, np.nan, 0.5])


@pytest.mark.parametrize(
    ("datatype", "values", "message"), WRONG_COLUMNS.values(), ids=WRONG_COLUMNS.keys()
)
def test_a_wrong_value_of_a_column_is_named_by_its_row(datatype, values, message):
    """The error names the first row whose value the column can't take."""
    with pytest.raises(RequestError) as caught:
        column_of("c", values, datatype)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"b64": "x"}, True), ({"b64": "x", "y": 1}, False), ({}, False), ("b64", False)],
    ids=str,
)
def test_bytes_are_told_from_other_objects(value, expected):
    """Only an object of b64 alone is bytes."""
    assert is_bytes(value) is expected


def test_the_limit_counts_all_values():
    """The limit of values is inclusive, and for all tensors together."""
    arrays = [np.zeros((2, 3)), np.zeros(4)]
    check_elements(arrays, LIMITS._replace(elements=10))
    with pytest.raises(PayloadTooLarge, match="have more than 9 values, which is the limit"):
        check_elements(arrays, LIMITS._replace(elements=9))


@pytest.mark.parametrize("datatype", [name for name in DTYPES if name != "BYTES"])
@REPEATABLE
@given(data=st.data())
def test_numbers_come_back(datatype, data):
    """What is written of an array is read back as the very array, whatever its shape."""
    elements = {"allow_nan": False, "allow_infinity": False} if "FP" in datatype else None
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    array = data.draw(hnp.arrays(DTYPES[datatype], shapes, elements=elements))
    spec = _spec(datatype, array.shape)
    back = tensor_of("x", spec, _through_json(written(spec, array)), LIMITS)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@REPEATABLE
@given(array=hnp.arrays(np.object_, hnp.array_shapes(min_dims=0), elements=st.text()))
def test_strings_come_back(array):
    """Strings are written and read back as they are."""
    spec = _spec("BYTES", array.shape)
    back = tensor_of("x", spec, _through_json(written(spec, array)), LIMITS)
    assert back.tolist() == array.tolist()


@REPEATABLE
@given(
    datatype=st.sampled_from(sorted(DTYPES)),
    shape=hnp.array_shapes(min_dims=0, max_dims=3),
    value=_json_values,
)
def test_any_value_is_read_or_refused(datatype, shape, value):
    """Whatever JSON holds, it is read as its datatype or refused, and nothing else."""
    with suppress(RequestError):
        array = tensor_of("x", _spec(datatype, shape), _through_json(value), LIMITS)
        assert array.dtype == DTYPES[datatype]
        assert array.ndim == len(shape)


def test_rows_have_the_digits_of_their_datatype():
    """A float32 of a row is written with its own digits; NaN is null."""
    rows = rows_of(_spec("FP32", (-1, 2)), np.array([[0.1, 1], [np.nan, 2]], dtype=np.float32))
    assert rows == [[0.1, 1.0], [None, 2.0]]


def test_every_layout_of_memory_is_written():
    """Arrays that are not row-major in memory, and half floats, are written as they read."""
    array = np.arange(6, dtype=np.float16).reshape(2, 3).T
    assert _through_json(written(_spec("FP16", (-1, 2)), array)) == array.tolist()
