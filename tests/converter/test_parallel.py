"""Work in threads: in order, not all at once, and stopped by the first failure."""

import threading

import pytest

from coldpress.parallel import in_order


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_results_come_in_the_order_of_the_items(threads):
    """Whatever finishes first, results come as the items went in."""
    later = [threading.Event() for _ in range(2)]

    def work(number):
        if number == 0 and threads != 1:
            later[1].wait(10)
        if number == 1:
            later[1].set()
        return number * number

    assert [*in_order(work, range(20), threads=threads)] == [n * n for n in range(20)]


def test_items_are_taken_as_results_are():
    """Only a few items are under way or wait, however many there are."""
    taken = []
    results = in_order(lambda item: item, (taken.append(n) or n for n in range(100)), threads=3)
    assert next(results) == 0
    assert len(taken) == 4
    assert [*results] == [*range(1, 100)]


def test_a_failure_ends_the_work():
    """The first failure is raised in its place, and no further item is taken."""
    taken = []

    def work(number):
        if number == 2:
            raise ValueError("two")
        return number

    results = in_order(work, (taken.append(n) or n for n in range(100)), threads=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert len(taken) == 5


def test_nothing_to_do():
    """No items give no results."""
    assert [*in_order(str, [])] == []
