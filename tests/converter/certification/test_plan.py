"""Which rows go through together."""

import numpy as np
import pytest

from coldpress.certification._plan import batches_of
from coldpress.errors import ExportError, SampleError
from coldpress_runtime.artifact import TensorSpec


def planned(rows, *shapes):
    """The batches for a sample of some rows and inputs of the given shapes, as ranges."""
    specs = [TensorSpec(name=f"x{i}", datatype="FP32", shape=s) for i, s in enumerate(shapes)]
    batches = batches_of(specs, {"x0": np.zeros((rows, 1), np.float32)}, few=8)
    return [[(part.start, part.stop) for part in batch] for batch in batches]


@pytest.mark.parametrize(
    ("rows", "shape", "whole", "small"),
    [
        pytest.param(1, (-1, 1), [(0, 1)], [[(0, 1)]], id="one-row"),
        pytest.param(3, (-1, 1), [(0, 3)], [[(0, 1), (1, 2), (2, 3)], [(0, 2), (1, 3)]],
                     id="few-rows"),
        pytest.param(4, (4, 1), [(0, 4)], [], id="fixed"),
        pytest.param(11, (4, 1), [(0, 4), (4, 8)], [], id="fixed-with-a-rest"),
    ],
)  # fmt: skip
def test_every_row_then_small_batches(rows, shape, whole, small):
    """All rows go through in large batches, then some in small ones; a fixed size has only its."""
    assert planned(rows, shape) == [whole, *small]


def test_large_samples_are_cut():
    """A large sample goes through in batches of 256, and small ones are spread over all of it."""
    whole, ones, twos = planned(600, (-1, 1))
    assert whole == [(0, 256), (256, 512), (512, 600)]
    assert (len(ones), ones[0], ones[-1]) == (8, (0, 1), (599, 600))
    assert (len(twos), twos[0], twos[-1]) == (8, (0, 2), (598, 600))


@pytest.mark.parametrize(
    ("shapes", "kind", "said"),
    [
        pytest.param([(8, 1)], SampleError, "exactly 8 rows at a time .* has 3", id="few-rows"),
        pytest.param([(-1, 1), ()], ExportError, "'x1' is a single value", id="no-rows"),
        pytest.param([(2, 1), (3, 1)], ExportError, r"\[2, 3\]", id="two-sizes"),
    ],
)
def test_what_has_no_plan_is_explained(shapes, kind, said):
    """Inputs that can't be fed rows, and samples that are too short, are refused by the reason."""
    with pytest.raises(kind, match=said):
        planned(3, *shapes)
