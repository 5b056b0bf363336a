import re

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coldpress_runtime.dialects.json_tensors import decode, encode, kind_of
from coldpress_runtime.errors import RequestError
from coldpress_runtime.session import DTYPES

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
INTEGERS = [name for name in DTYPES if "INT" in name]
FLOATS = ["FP16", "FP32", "FP64"]

VALUES = {
    "BOOL": [True, False],
    "UINT8": [0, 255],
    "UINT16": [0, 65_535],
    "UINT32": [0, 2**32 - 1],
    "UINT64": [0, 2**64 - 1],
    "INT8": [-128, 127],
    "INT16": [-32_768, 32_767],
    "INT32": [-(2**31), 2**31 - 1],
    "INT64": [-(2**63), 2**63 - 1],
    "FP16": [0.5, -65_504],
    "FP32": [1, 3.4028234663852886e38],
    "FP64": [-0.0, 1.7976931348623157e308],
    "BYTES": ["", "é\u0000\n"],
}

LAYOUTS = {
    "flat": ([2, 3], [1, 2, 3, 4, 5, 6]),
    "nested": ([2, 3], [[1, 2, 3], [4, 5, 6]]),
    "nested thrice": ([2, 1, 3], [[[1, 2, 3]], [[4, 5, 6]]]),
    "one dimension": ([6], [1, 2, 3, 4, 5, 6]),
    "scalar": ([], [1]),
    "one of each": ([1] * 16, [1]),
    "no rows": ([0, 3], []),
    "rows without columns": ([2, 0], [[], []]),
}

# Datatype, shape, data, and what the error says.
WRONG = {
    "no datatype": (None, [1], [1], "x needs a datatype, one of BOOL, "),
    "datatype unknown": ("FP8", [1], [1], "needs a datatype"),
    "datatype in small letters": ("fp32", [1], [1], "needs a datatype"),
    "datatype a list": (["FP32"], [1], [1], "needs a datatype"),
    "no type of numpy's": ("BF16", [1], [1], "x is BF16, which onnxruntime can't take from Python"),
    "no shape": ("INT64", None, [1], "x needs a shape, a list of at most 16 whole numbers from 0"),
    "shape a number": ("INT64", 1, [1], "needs a shape"),
    "shape of text": ("INT64", ["1"], [1], "needs a shape"),
    "shape of booleans": ("INT64", [True], [1], "needs a shape"),
    "shape of floats": ("INT64", [1.0], [1], "needs a shape"),
    "negative dimension": ("INT64", [-1], [1], "needs a shape"),
    "17 dimensions": ("INT64", [1] * 17, [1], "needs a shape"),
    "no data": ("INT64", [1], None, "x: data must be a list, not null"),
    "data a number": ("INT64", [], 1, "data must be a list, not whole numbers"),
    "data text": ("BYTES", [1], "a", "data must be a list, not strings"),
    "data an object": ("INT64", [1], {"0": 1}, "data must be a list, not objects"),
    "too few": ("INT64", [2, 3], [1] * 5, "x has 5 values, but its shape [2, 3] needs 6"),
    "too many": ("INT64", [2, 3], [1] * 7, "has 7 values, but its shape [2, 3] needs 6"),
    "no values": ("INT64", [1], [], "has 0 values, but its shape [1] needs 1"),
    "values for no rows": ("INT64", [0], [1], "has 1 values, but its shape [0] needs 0"),
    "huge shape": ("INT64", [2**63, 2**63], [1], "has 1 values"),
    "huge shape beside zero": ("INT64", [2**64 - 1, 0], [], "no tensor can have the shape"),
    "huge product beside zero": ("FP32", [2**31, 2**31, 2**31, 0], [], "no tensor can have"),
    "ragged": ("INT64", [2, 2], [[1, 2], [3]], "x: data are ragged"),
    "too long": (
        "INT64",
        [2, 2],
        [[1, 2, 3], [4, 5, 6]],
        "have 3 values at dimension 1, but the shape",
    ),
    "rows missing": ("INT64", [3, 2], [[1, 2], [3, 4]], "have 2 values at dimension 0, but"),
    "nested less": ("INT64", [1, 1, 2], [[1, 2]], "have 2 values at dimension 1"),
    "nested less, lengths right": ("INT64", [1, 2, 1], [[1, 2]], "not nested as the shape"),
    "nested more": ("INT64", [1, 2], [[[1], [2]]], "INT64, but its data hold lists"),
    "nested scalar": ("INT64", [], [[1]], "have 1 values at dimension 0, but the shape is []"),
    "list after a value": ("INT64", [2], [1, [2]], "its data hold lists"),
    "value after a list": ("INT64", [2, 1], [[1], 2], "not nested as the shape [2, 1] says"),
    "null": ("INT64", [2], [1, None], "x is INT64, but its data hold null"),
    "null for text": ("BYTES", [1], [None], 'null; send "" where a text is missing'),
    "object": ("FP32", [1], [{}], "its data hold objects"),
    "text for a number": ("FP64", [1], ["1.5"], "x is FP64, but its value is '1.5'"),
    "text for numbers": ("FP64", [2], ["1.5", 1], "its data hold strings"),
    "boolean for a number": ("FP64", [1], [True], "its data hold booleans"),
    "boolean for an integer": ("INT64", [2], [1, True], "its data hold booleans"),
    "number for a boolean": ("BOOL", [1], [1], "its data hold whole numbers"),
    "text for a boolean": ("BOOL", [1], ["true"], "its value is 'true'"),
    "float for an integer": ("INT64", [1], [1.0], "its data hold floating-point numbers"),
    "number for text": ("BYTES", [1], [1], "its data hold whole numbers"),
    "several kinds": ("INT8", [3], [1, "a", None], "its data hold null, strings"),
    "below INT8": ("INT8", [1], [-129], "x: a value is out of range for INT8"),
    "negative for UINT64": ("UINT64", [1], [-1], "out of range for UINT64"),
    "beyond UINT64": ("UINT64", [1], [2**64], "out of range for UINT64"),
    "beyond FP16": ("FP16", [1], [65_520.0], "out of range for FP16"),
    "integer beyond FP16": ("FP16", [1], [2**64 - 1], "out of range for FP16"),
    "beyond FP32": ("FP32", [2], [0.0, 3.5e38], "out of range for FP32"),
}


def _decode(datatype, shape, data):
    return decode("x", datatype=datatype, shape=shape, data=data)


def _through_json(value):
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


@pytest.mark.parametrize(("datatype", "values"), VALUES.items(), ids=VALUES.keys())
def test_every_datatype_is_read_to_its_limits(datatype, values):
    """Values of each datatype, the largest and smallest included, are what they were."""
    array = _decode(datatype, [2], _through_json(values))
    assert array.dtype == DTYPES[datatype]
    assert array.tolist() == values


@pytest.mark.parametrize(("shape", "data"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_data_are_read_flat_and_nested(shape, data):
    """Flat data are in row-major order, nested ones as the shape says."""
    array = _decode("INT64", shape, data)
    assert array.shape == tuple(shape)
    assert array.reshape(-1).tolist() == list(range(1, array.size + 1))


@pytest.mark.parametrize(("datatype", "shape", "data", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_agree_is_refused(datatype, shape, data, message):
    """Data that don't agree with shape and datatype are refused, saying what was found."""
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        _decode(datatype, shape, data)
    assert str(caught.value).startswith("x")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("datatype", INTEGERS)
@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**30], ids=["2**64", "< INT64", "10**30"])
def test_an_integer_that_json_reads_as_a_float_is_no_integer(datatype, value):
    """A number beyond 64 bits, which JSON readers make a float, never becomes another integer."""
    with pytest.raises(RequestError, match=r"whole numbers of more than 64 bits"):
        _decode(datatype, [1], orjson.loads(f"[{value}]"))


@REPEATABLE
@given(st.data(), st.sampled_from([name for name in DTYPES if name != "BYTES"]))
def test_tensors_come_back_through_json(data, datatype):
    """An array written as JSON and read again is the same, bit for bit."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    finite = {"allow_nan": False, "allow_infinity": False} if datatype in FLOATS else {}
    array = data.draw(
        hnp.arrays(DTYPES[datatype], shapes, elements=hnp.from_dtype(DTYPES[datatype], **finite))
    )
    again = _decode(datatype, list(array.shape), _through_json(encode(datatype, array)))
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()


@REPEATABLE
@given(st.lists(st.text(max_size=8), max_size=5))
def test_strings_come_back_through_json(strings):
    """Strings written as JSON and read again are the same."""
    array = np.array(strings, dtype=object)
    assert (
        _decode("BYTES", [len(strings)], _through_json(encode("BYTES", array))).tolist() == strings
    )


@REPEATABLE
@given(
    st.sampled_from(list(DTYPES)),
    st.lists(st.integers(0, 3), max_size=3),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda children: st.lists(children, max_size=3),
        max_leaves=12,
    ),
)
def test_anything_is_read_or_refused(datatype, shape, data):
    """Whatever the data are, they become an array of the shape or an error of the request's."""
    try:
        array = _decode(datatype, shape, data)
    except RequestError:
        return
    assert array.shape == tuple(shape)
    assert array.dtype == DTYPES[datatype]


@pytest.mark.parametrize("datatype", FLOATS)
def test_what_json_cannot_carry_is_null(datatype):
    """A NaN or an infinity in an output is null."""
    array = np.array([[np.nan, np.inf], [-np.inf, 1]], dtype=DTYPES[datatype])
    assert _through_json(encode(datatype, array)) == [None, None, None, 1.0]


def test_an_array_in_another_order_is_written_row_by_row():
    """A transposed array is written in its own row-major order."""
    array = np.arange(6, dtype=np.int64).reshape(2, 3).T
    assert _through_json(encode("INT64", array)) == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), ([], "lists"), ({}, "objects"), (1, "whole numbers"), (b"", "bytes")],
    ids=str,
)
def test_a_values_kind_is_named_for_people(value, kind):
    """Kinds of JSON values have names in errors."""
    assert kind_of(value) == kind
