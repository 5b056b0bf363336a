"""The statistics of the report."""

import pytest

from benchmarks.stats import paired_difference, paired_ratio, percentile, summary


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([3.0], 99, 3.0, id="one value"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 50, 2.5, id="between two"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 0, 1.0, id="least"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 100, 4.0, id="most"),
        pytest.param(list(range(101)), 99, 99, id="on a value"),
    ],
)
def test_percentiles(values, percent, expected):
    """A percentile lies between its neighbours in proportion, whatever the order."""
    assert percentile(values, percent) == pytest.approx(expected)


def test_summary_is_not_moved_by_an_outlier():
    """Median and quartiles say what most rounds were like."""
    found = summary([10.0, 12.0, 11.0, 1000.0, 9.0])
    assert (found.median, found.low, found.high, found.count) == (11.0, 10.0, 12.0, 5)


def test_ratio_is_that_of_the_medians():
    """The value is the ratio of medians, and its interval holds it."""
    ratio = paired_ratio([30.0, 33.0, 300.0], [10.0, 11.0, 12.0])
    assert ratio.value == pytest.approx(3.0)
    assert ratio.low <= ratio.value <= ratio.high


def test_rounds_stay_together():
    """What befell both of a round's measurements does not widen the interval of their ratio."""
    slow_and_fast = [float(each) for each in range(10, 30)]
    ratio = paired_ratio([2 * each for each in slow_and_fast], slow_and_fast)
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    difference = paired_difference([each + 5 for each in slow_and_fast], slow_and_fast)
    assert (difference.low, difference.value, difference.high) == pytest.approx((5.0, 5.0, 5.0))


def test_the_same_rounds_give_the_same_interval():
    """Nothing in the report changes unless a measurement does."""
    columns = [5.0, 6.0, 9.0, 7.0], [2.0, 3.0, 2.5, 4.0]
    assert paired_ratio(*columns) == paired_ratio(*columns)


@pytest.mark.parametrize("columns", [([], []), ([1.0], [1.0, 2.0])], ids=["none", "uneven"])
def test_rounds_must_pair(columns):
    """Measurements of different rounds are not compared."""
    with pytest.raises(ValueError, match="pair"):
        paired_ratio(*columns)
