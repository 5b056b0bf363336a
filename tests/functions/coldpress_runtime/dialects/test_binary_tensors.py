import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coldpress_runtime.dialects.binary_tensors import decode, encode
from coldpress_runtime.errors import RequestError
from coldpress_runtime.session import DTYPES

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
NUMBERS = [name for name in DTYPES if name != "BYTES"]

# Datatype, shape, bytes as they stand on the wire, and the values that they are.
ON_THE_WIRE = {
    "BOOL": ([3], b"\x00\x01\x01", [False, True, True]),
    "UINT8": ([2], b"\x00\xff", [0, 255]),
    "UINT16": ([2], b"\x01\x00\x00\x01", [1, 256]),
    "UINT32": ([1], b"\xff\xff\xff\xff", [2**32 - 1]),
    "UINT64": ([2], b"\x00" * 8 + b"\xff" * 8, [0, 2**64 - 1]),
    "INT8": ([2], b"\x80\x7f", [-128, 127]),
    "INT16": ([1], b"\xfe\xff", [-2]),
    "INT32": ([1], b"\x00\x00\x00\x80", [-(2**31)]),
    "INT64": ([1], b"\x00" * 7 + b"\x80", [-(2**63)]),
    "FP16": ([2], b"\x00\x3c\x00\x7c", [1.0, np.inf]),
    "FP32": ([2], b"\x00\x00\x80\xbf\x00\x00\x80\xff", [-1.0, -np.inf]),
    "FP64": ([1], b"\x00" * 6 + b"\xf8\x3f", [1.5]),
    "BYTES": ([3], b"\x01\x00\x00\x00a\x00\x00\x00\x00\x02\x00\x00\x00\xc3\xa9", ["a", "", "é"]),
}

SHAPES = {
    "scalar": ([], 1),
    "no rows": ([0, 3], 0),
    "no columns": ([2, 0], 0),
    "one of each": ([1] * 16, 1),
    "matrix": ([2, 3], 6),
}

# Datatype, shape, bytes, and what the error says.
WRONG = {
    "no datatype": (None, [1], b"\x00", "x needs a datatype, one of BOOL, "),
    "BF16": ("BF16", [1], b"\x00\x00", "x is BF16, which onnxruntime can't take from Python"),
    "no shape": ("INT8", None, b"\x00", "x needs a shape"),
    "negative shape": ("INT8", [-1], b"\x00", "x needs a shape"),
    "17 dimensions": ("INT8", [1] * 17, b"\x00", "x needs a shape"),
    "too few": ("FP32", [2], b"\x00" * 7, "x has 7 bytes, but 2 values of FP32 take 8"),
    "too many": ("FP32", [2], b"\x00" * 9, "x has 9 bytes, but 2 values of FP32 take 8"),
    "none": ("FP32", [2], b"", "x has 0 bytes, but 2 values of FP32 take 8"),
    "some for none": ("FP32", [0], b"\x00" * 4, "x has 4 bytes, but 0 values of FP32 take 0"),
    "overflow to 0": ("INT8", [2**32, 2**32], b"", "but 18,446,744,073,709,551,616 values"),
    "overflow to the length": ("INT16", [2**63 + 1], b"\x00" * 2, "has 2 bytes, but"),
    "impossible beside zero": ("FP32", [2**63, 0], b"", "no tensor can have the shape"),
    "truth of 2": (
        "BOOL",
        [3],
        b"\x00\x01\x02",
        "x is BOOL, whose bytes are 0 or 1, but has one of 2",
    ),
    "truth of 255": ("BOOL", [1], b"\xff", "has one of 255"),
    "elements without room": ("BYTES", [2**62], b"\x00" * 8, "values of BYTES take"),
    "elements missing": ("BYTES", [2], b"\x04\x00\x00\x00abcd", "not just the 2 elements"),
    "elements left": ("BYTES", [1], b"\x00" * 8, "x: its 8 bytes are not just the 1 elements"),
    "elements for none": ("BYTES", [0], b"\x00" * 4, "not just the 0 elements"),
    "length cut off": ("BYTES", [1], b"\x00\x00\x00", "1 values of BYTES take 4 or more"),
    "length beyond": (
        "BYTES",
        [1],
        b"\x05\x00\x00\x00abcd",
        "element 0 says it has 5 bytes, but 4",
    ),
    "length huge": ("BYTES", [1], b"\xff" * 4, "element 0 says it has 4,294,967,295 bytes, but 0"),
    "bytes left over": ("BYTES", [1], b"\x00" * 6, "not just the 1 elements"),
    "no UTF-8": ("BYTES", [1], b"\x01\x00\x00\x00\xff", "an element of BYTES is no UTF-8"),
    "half a pair": (
        "BYTES",
        [1],
        b"\x03\x00\x00\x00\xed\xa0\x80",
        "an element of BYTES is no UTF-8",
    ),
    "overlong": ("BYTES", [1], b"\x02\x00\x00\x00\xc0\x80", "an element of BYTES is no UTF-8"),
}


def _decode(datatype, shape, data):
    return decode("x", datatype=datatype, shape=shape, data=memoryview(data))


def _bytes(datatype, array):
    return b"".join([encode(datatype, array)])


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "values"),
    [(datatype, *case) for datatype, case in ON_THE_WIRE.items()],
    ids=ON_THE_WIRE.keys(),
)
def test_bytes_are_the_protocols(datatype, shape, data, values):
    """Each datatype's bytes are the values that the protocol says, and are written as they came."""
    array = _decode(datatype, shape, data)
    assert array.dtype == DTYPES[datatype]
    assert array.tolist() == values
    assert _bytes(datatype, array) == data


def test_every_datatype_has_a_line_above():
    """No datatype is without its bytes in the table."""
    assert ON_THE_WIRE.keys() == DTYPES.keys()


@pytest.mark.parametrize(("shape", "count"), SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("datatype", ["BOOL", "FP32", "BYTES"])
def test_every_shape_is_read(datatype, shape, count):
    """A shape with as many values as it says is read, one without values included."""
    array = _decode(datatype, shape, b"\x00" * count * (1 if datatype == "BOOL" else 4))
    assert array.shape == tuple(shape)
    assert array.size == count


@pytest.mark.parametrize(("datatype", "shape", "data", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_agree_is_refused(datatype, shape, data, message):
    """Bytes that don't agree with shape and datatype are refused, saying what was found."""
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        _decode(datatype, shape, data)
    assert str(caught.value).startswith("x")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("offset", range(9))
def test_aligned_bytes_are_not_copied(offset):
    """A tensor shares the body's memory where its elements are aligned, and is aligned anyway."""
    body = bytearray(offset + 16)
    start = np.frombuffer(body, np.uint8).ctypes.data + offset
    array = decode("x", datatype="FP64", shape=[2], data=memoryview(body)[offset:])
    assert array.flags.aligned
    assert np.shares_memory(array, np.frombuffer(body, np.uint8)) is (start % 8 == 0)


@REPEATABLE
@given(st.data(), st.sampled_from(NUMBERS))
def test_tensors_come_back_through_bytes(data, datatype):
    """An array written as bytes and read again is the same, bit for bit, NaN included."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    array = data.draw(hnp.arrays(DTYPES[datatype], shapes))
    again = _decode(datatype, list(array.shape), _bytes(datatype, array))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == array.tobytes()


@REPEATABLE
@given(st.lists(st.text(max_size=8), max_size=6), st.booleans())
def test_strings_come_back_through_bytes(strings, column):
    """Strings written as bytes and read again are the same, NUL characters included."""
    shape = [len(strings), 1] if column else [len(strings)]
    array = np.array(strings, dtype=object).reshape(shape)
    assert _decode("BYTES", shape, _bytes("BYTES", array)).tolist() == array.tolist()


@REPEATABLE
@given(st.lists(st.binary(max_size=8), max_size=6))
def test_elements_are_read_as_utf8_or_refused(elements):
    """Elements are the strings that their bytes spell; any that spell none are refused."""
    data = b"".join(struct.pack("<I", len(element)) + element for element in elements)
    try:
        expected = [element.decode() for element in elements]
    except UnicodeDecodeError:
        with pytest.raises(RequestError, match="no UTF-8"):
            _decode("BYTES", [len(elements)], data)
    else:
        assert _decode("BYTES", [len(elements)], data).tolist() == expected


@REPEATABLE
@given(
    st.sampled_from(list(DTYPES)),
    st.lists(st.integers(0, 3) | st.integers(-(2**63), 2**64 - 1), max_size=3),
    st.binary(max_size=24) | st.integers(0, 24).map(bytes),
)
def test_any_bytes_are_read_or_refused(datatype, shape, data):
    """Whatever the bytes are, they become an array of the shape or an error of the request's."""
    try:
        array = _decode(datatype, shape, data)
    except RequestError:
        return
    assert array.shape == tuple(shape)
    assert array.dtype == DTYPES[datatype]
    assert _bytes(datatype, array) == data


def test_an_array_in_another_order_is_written_row_by_row():
    """A transposed array is written in its own row-major order."""
    array = np.arange(6, dtype=np.int8).reshape(2, 3).T
    assert _bytes("INT8", array) == bytes([0, 3, 1, 4, 2, 5])
    strings = np.array([["a", "b"], ["c", "d"]], dtype=object).T
    assert _bytes("BYTES", strings)[4::5] == b"acbd"
