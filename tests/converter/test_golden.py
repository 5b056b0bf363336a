"""Golden examples: whole requests from the sample, with the original's answers."""

import numpy as np
import orjson
import pytest

from coldpress.exporters import Reference, Rows
from coldpress.golden import golden_examples
from coldpress_runtime.artifact import Signature, TensorSpec


def examples(rows, *, batch=-1, datatype="FP32"):
    """The examples of a model that doubles what it is given, such as a number or a text."""
    x, y = (
        TensorSpec(name=name, datatype=datatype, shape=(batch, *rows.shape[1:])) for name in "xy"
    )
    sample = Rows(
        name="sample", tensors={"x": rows}, original=lambda part: {"y": rows[part] + rows[part]}
    )
    reference = Reference(rows=sample, described="a function")
    document = orjson.loads(golden_examples(reference, Signature(inputs=(x,), outputs=(y,))))
    assert document["schema_version"] == 1
    return document["examples"]


def first_values(found):
    """The first number of each request."""
    return [example["request"]["inputs"][0]["data"][0] for example in found]


def column(*values):
    """Numbers as rows of one."""
    return np.array(values, dtype=np.float32)[:, np.newaxis]


@pytest.mark.parametrize(
    ("rows", "batch", "expected"),
    [
        pytest.param(column(*range(101)), -1, [0, 25, 50, 75, 100], id="evenly-spread"),
        pytest.param(column(3), -1, [3], id="one-row"),
        pytest.param(column(0, 1, 2), -1, [0, 1, 2], id="few-rows"),
        pytest.param(column(*range(10)), 4, [0, 4], id="fixed-batch"),
        pytest.param(column(0, np.nan, 2, np.inf, 4), -1, [0, 2, 4], id="not-finite"),
        pytest.param(column(0, np.nan, 2, 3), 2, [2], id="not-finite-in-a-batch"),
        pytest.param(column(np.nan, np.nan), -1, [], id="none-finite"),
    ],
)
def test_examples_are_spread_over_the_sample(rows, batch, expected):
    """Up to five requests of the smallest size come from the sample, without NaN or infinity."""
    assert first_values(examples(rows, batch=batch)) == expected


def test_an_example_is_a_request_with_its_answer():
    """Request and response are what the function's protocol says, the batch's size included."""
    (example,) = examples(column(1.5, 2.5), batch=2)
    assert example == {
        "request": {
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 1], "data": [1.5, 2.5]}]
        },
        "response": {
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 1], "data": [3.0, 5.0]}]
        },
    }


def test_texts_are_told_as_they_are():
    """Text stands in the examples as text, and counts as finite."""
    (example,) = examples(np.array([["ä"]], dtype=object), datatype="BYTES")
    assert example["request"]["inputs"][0]["data"] == ["ä"]
    assert example["response"]["outputs"][0]["data"] == ["ää"]
