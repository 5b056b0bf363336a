import numpy as np
import pytest

from coldpress.exporters.probes._floats import (
    from_ordinals,
    middle,
    neighbours,
    ordinal_ends,
    to_ordinals,
)

FLOATS = [np.float16, np.float32, np.float64]


@pytest.mark.parametrize("kind", FLOATS, ids=lambda kind: kind.__name__)
def test_ordinals_count_the_numbers_of_a_type(kind):
    """Neighbouring numbers are neighbours in the count, across zero and at both ends."""
    dtype = np.dtype(kind)
    some = np.array([0.0, 1.0, -1.0, np.finfo(kind).tiny, -2.5], dtype=kind)
    below, above = (np.nextafter(some, kind(side)) for side in (-np.inf, np.inf))
    assert (to_ordinals(above) - to_ordinals(some)).tolist() == [1] * 5
    assert (to_ordinals(some) - to_ordinals(below)).tolist() == [1] * 5
    ends = np.array(ordinal_ends(dtype))
    assert from_ordinals(ends, dtype).tolist() == [np.finfo(kind).min, np.finfo(kind).max]
    assert from_ordinals(to_ordinals(some), dtype).tolist() == some.tolist()


def test_whole_numbers_are_their_own_ordinals():
    """Integers count as they are, as far as a float64 threshold can tell them apart."""
    some = np.array([-3, 0, 7], dtype=np.int64)
    assert to_ordinals(some).tolist() == [-3, 0, 7]
    assert from_ordinals(some, np.dtype(np.int64)).tolist() == [-3, 0, 7]
    assert ordinal_ends(np.dtype(np.int64)) == (-(2**53), 2**53)
    assert ordinal_ends(np.dtype(np.uint8)) == (0, 255)


def test_the_middle_of_the_ends_does_not_overflow():
    """Halving the whole range of float64 gives 0."""
    low, high = (np.array([end]) for end in ordinal_ends(np.dtype(np.float64)))
    assert middle(low, high).tolist() == [0]


def test_neighbours_of_a_number_that_the_type_has_not():
    """Such a number is rounded first, and beyond the largest there is nothing."""
    near = neighbours(np.array([0.1]), np.dtype(np.float32))[:, 0]
    assert np.diff(near.astype(np.float32)).all()
    assert near[1] == np.float32(0.1)
    assert np.isfinite(neighbours(np.array([np.finfo(np.float32).max]), np.dtype(np.float32))).all()
