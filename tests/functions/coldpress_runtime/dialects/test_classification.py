import numpy as np
import pytest

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.dialects.classification import classified
from coldpress_runtime.errors import RequestError
from coldpress_runtime.session import DTYPES

# The output's shape in the signature, datatype, values, how many are wanted, and what is told.
CASES = {
    "rows": (
        (-1, 3),
        "FP32",
        [[0.25, 0.5, 0.125], [1, 2, 3]],
        2,
        [["0.500000:1", "0.250000:0"], ["3.000000:2", "2.000000:1"]],
    ),
    "more than there are": ((-1, 2), "INT64", [[1, 2]], 9, [["2:1", "1:0"]]),
    "no rows in the signature": ((4,), "INT32", [1, 5, 10, 4], 2, ["10:2", "5:1"]),
    "rows of a matrix": ((-1, 2, 2), "UINT8", [[[1, 4], [3, 2]]], 3, [["4:1", "3:2", "2:3"]]),
    "equal values": ((-1, 3), "INT8", [[1, 1, 1]], 3, [["1:0", "1:1", "1:2"]]),
    "the largest and smallest": (
        (-1, 2),
        "UINT64",
        [[0, 2**64 - 1]],
        2,
        [[f"{2**64 - 1}:1", "0:0"]],
    ),
    "not a number": (
        (-1, 3),
        "FP16",
        [[np.nan, 1, np.inf]],
        3,
        [["inf:2", "1.000000:1", "nan:0"]],
    ),
    "a value for each row": ((-1,), "FP64", [0.5, 2], 1, [["0.500000:0"], ["2.000000:0"]]),
    "scalar": ((), "FP64", 0.5, 1, ["0.500000:0"]),
}


@pytest.mark.parametrize(
    ("shape", "datatype", "values", "count", "told"), CASES.values(), ids=CASES.keys()
)
def test_the_highest_values_are_told_with_their_index(shape, datatype, values, count, told):
    """Of each row the highest values come first, as text with the index of each."""
    spec = TensorSpec(name="y", datatype=datatype, shape=shape)
    described, texts = classified(spec, np.array(values, DTYPES[datatype]), count)
    assert (described.name, described.datatype) == ("y", "BYTES")
    assert texts.tolist() == told


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("a", "é"), ["0.750000:1:é", "0.250000:0:a"]),
        ((False, 7), ["0.750000:1:7", "0.250000:0:False"]),
        (("a", "b", "c"), ["0.750000:1", "0.250000:0"]),
        ((), ["0.750000:1", "0.250000:0"]),
    ],
    ids=["text", "other kinds", "of something else", "none"],
)
def test_labels_stand_beside_their_index(labels, told):
    """The class's label is told where the model has one for each value."""
    spec = TensorSpec(name="y", datatype="FP32", shape=(-1, 2), labels=labels)
    _, texts = classified(spec, np.array([[0.25, 0.75]], np.float32), 2)
    assert texts.tolist() == [told]


@pytest.mark.parametrize(
    ("datatype", "values"),
    [("BYTES", ["a"]), ("BOOL", [True]), ("FP32", [])],
    ids=["text", "truths", "nothing"],
)
def test_what_has_no_order_is_refused(datatype, values):
    """An output without numbers has no highest ones, and is refused by name."""
    spec = TensorSpec(name="y", datatype=datatype, shape=(-1,))
    with pytest.raises(RequestError, match=r"^output 'y' has no numbers to classify by$"):
        classified(spec, np.array(values, DTYPES[datatype]), 1)
