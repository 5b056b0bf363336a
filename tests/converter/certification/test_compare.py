"""Two answers held against each other, value by value."""

import numpy as np
import pytest

from coldpress.certification import EXACT
from coldpress.certification._compare import compare, merge

RTOL, ATOL = EXACT.rtol, EXACT.atol
ONES = np.ones((2, 2), dtype=np.float32)


def compared(original, exported, *, exact=False, declared=None):
    """The difference of two arrays of two rows."""
    left, right = np.asarray(original), np.asarray(exported)
    shape = (-1, *right.shape[1:]) if declared is None else declared
    return compare(left, right, rows=2, declared=shape, exact=exact)


@pytest.mark.parametrize(
    ("original", "exported", "beyond"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.0], [False, False], id="equal"),
        pytest.param([1.0, 2.0], [1.0, 2.0 + 3 * RTOL], [False, True], id="relative"),
        pytest.param([1.0, 100.0], [1.0, 100.0 + 50 * RTOL], [False, False], id="large-value"),
        pytest.param([0.0, 0.0], [ATOL / 2, ATOL * 2], [False, True], id="absolute"),
        pytest.param([1, 10**6], [1, 10**6 + 1], [False, True], id="whole-numbers-exactly"),
        pytest.param(np.array([1, 2], np.uint8), [1, 2], [False, False], id="signed-or-not"),
        pytest.param([True, False], [True, True], [False, True], id="booleans"),
        pytest.param(["a", "b"], np.array(["a", "c"], object), [False, True], id="text"),
        pytest.param([[1.0, 2.0], [3.0, 4.0]], [[1.0, 9.0], [3.0, 4.0]], [True, False],
                     id="any-value-of-a-row"),
    ],
)  # fmt: skip
def test_rows_beyond_tolerance_are_found(original, exported, beyond):
    """A row is beyond where one of its values differs by more than its kind allows."""
    found = compared(original, exported)
    assert found.beyond.tolist() == beyond
    assert (found.nan_equal, found.inf_equal, found.forms) == (True, True, "")


@pytest.mark.parametrize(
    ("original", "exported", "nan_equal", "inf_equal", "beyond"),
    [
        pytest.param([np.nan, 1], [np.nan, 1], True, True, [False, False], id="same-nan"),
        pytest.param([np.nan, 1], [0.0, 1], False, True, [True, False], id="lost-nan"),
        pytest.param([0.0, 1], [np.nan, 1], False, True, [True, False], id="new-nan"),
        pytest.param([np.inf, 1], [np.inf, 1], True, True, [False, False], id="same-infinity"),
        pytest.param([np.inf, 1], [-np.inf, 1], True, False, [True, False], id="other-sign"),
        pytest.param([1e300, 1], [np.inf, 1], True, False, [True, False], id="new-infinity"),
        pytest.param([np.inf, 1], [np.nan, 1], False, True, [True, False], id="infinity-to-nan"),
    ],
)
def test_nan_and_infinity_are_compared_by_place(original, exported, nan_equal, inf_equal, beyond):
    """Where NaN or an infinity stands on one side only is told, and spoils no figure."""
    found = compared(original, exported)
    assert (found.nan_equal, found.inf_equal) == (nan_equal, inf_equal)
    assert found.beyond.tolist() == beyond
    assert found.absolute.tolist() in ([0.0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("original", "exported", "declared", "kind_equal", "shape_equal", "measured"),
    [
        pytest.param(ONES, ONES.astype(int), (-1, 2), False, True, 4, id="kind"),
        pytest.param(ONES, ONES.astype(str), (-1, 2), False, True, 0, id="numbers-and-text"),
        pytest.param(ONES, ONES[:, :1], (-1, 1), True, False, 0, id="shape"),
        pytest.param(ONES, ONES, (-1, 3), True, False, 4, id="declared-shape"),
        pytest.param(ONES, ONES, (-1,), True, False, 4, id="declared-rank"),
    ],
)
def test_other_forms_are_told(original, exported, declared, kind_equal, shape_equal, measured):
    """Another kind or shape puts every row beyond, and what can be measured is."""
    found = compared(original, exported, declared=declared)
    assert (found.kind_equal, found.shape_equal) == (kind_equal, shape_equal)
    assert found.beyond.all()
    assert found.absolute.size == measured
    assert f"declared as {list(declared)}, and the original's is float32" in found.forms


def test_labels_are_equal_or_not():
    """Labels are compared for equality, however near the numbers are."""
    found = compared([1.0, 2.0], [1.0, 2.0 + 1e-12], exact=True)
    assert found.beyond.tolist() == [False, True]
    assert found.absolute.size == 0


def test_relative_differences_have_a_floor():
    """A difference is relative to the original's value, which counts as at least `ATOL`."""
    found = compared([10.0, 0.0], [11.0, 1.0])
    assert found.relative.tolist() == pytest.approx([0.1, 1 / ATOL])


def test_answers_without_rows_speak_for_all():
    """Where the first dimension is not the rows, a difference counts against each of them."""
    found = compare(np.zeros(3), np.array([0, 0, 1.0]), rows=2, declared=(3,), exact=False)
    assert found.beyond.tolist() == [True, True]


def test_merging_keeps_the_order_and_the_worst():
    """Batches merge in the order of their rows, and what one lacks they lack together."""
    parts = [
        compared([1.0, 2.0], [1.0, 3.0]),
        compared([np.nan, 1.0], [0.0, 1.0]),
        compared(ONES, ONES.astype(int)),
    ]
    merged = merge(parts)
    assert merged.beyond.tolist() == [False, True, True, False, True, True]
    assert (merged.nan_equal, merged.inf_equal, merged.kind_equal) == (False, True, False)
    assert merged.forms == parts[2].forms


def test_the_absolute_tolerance_grows_with_the_scale():
    """What is near zero in a column of large values may be off by as much as they are large."""
    original = np.array([[0.0, 0.0], [500.0, 1000.0]])
    exported = original + np.full(2, 50 * ATOL)
    found = compare(
        original, exported, rows=2, declared=(-1, 2), exact=False, scale=np.array([100.0, 1.0])
    )
    assert found.beyond.tolist() == [True, False]
    found = compare(
        original[:, :1], exported[:, :1], rows=2, declared=(-1, 1), exact=False,
        scale=np.array([100.0]),
    )  # fmt: skip
    assert found.beyond.tolist() == [False, False]
