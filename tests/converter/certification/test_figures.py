"""Histograms, kept variance and winners."""

import numpy as np
import pytest

from coldpress.certification._figures import (
    DECADES,
    decades,
    fidelity,
    is_distribution,
    scale,
    winner_agreement,
)


def test_decades():
    """Differences are counted by decade, equal ones first and the largest last."""
    counts = decades(np.array([0.0, 0.0, 1e-20, 2e-12, 0.5, 1e9]))
    assert len(counts) == len(DECADES) + 2
    assert (counts[0], counts[1], counts[2], counts[-1]) == (2, 1, 1, 1)
    assert counts[1 + list(DECADES).index(0)] == 1
    assert sum(counts) == 6
    assert decades(np.empty(0)) == ()


@pytest.mark.parametrize(
    ("original", "exported", "kept"),
    [
        pytest.param([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0, id="equal"),
        pytest.param([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], 0.0, id="mean"),
        pytest.param([1.0, 2.0, 3.0], [3.0, 2.0, 1.0], -3.0, id="turned-round"),
        pytest.param([1.0, np.nan, 3.0], [1.0, np.nan, 3.0], 1.0, id="nan-left-out"),
        pytest.param([2.0, 2.0], [2.0, 3.0], None, id="no-variance"),
        pytest.param([[1e6, 1.0], [2e6, 2.0]], [[1e6, 2.0], [2e6, 1.0]], -3.0, id="worst-column"),
        pytest.param([[1.0, 7.0], [3.0, 7.0]], [[1.0, 8.0], [3.0, 7.0]], 0.0, id="still-column"),
        pytest.param([[[1e6, 1.0]], [[2e6, 2.0]]], [[[1e6, 2.0]], [[2e6, 1.0]]], 1.0, id="pooled"),
        pytest.param([1e300, 2e300], [1e300, 2e300], 1.0, id="huge"),
        pytest.param([1, 2], [1, 2], None, id="whole-numbers"),
        pytest.param(["a"], ["a"], None, id="text"),
        pytest.param([[1.0, 2.0]], [1.0, 2.0], None, id="shape"),
    ],
)
def test_fidelity(original, exported, kept):
    """The share of the variance that is kept is 1 less what is lost of it."""
    assert fidelity([(np.array(original), np.array(exported))]) == (
        None if kept is None else pytest.approx(kept)
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([[0.9, 0.1], [0.2, 0.8]], True, id="probabilities"),
        pytest.param([[2.0, 0.1], [0.2, 0.8]], False, id="other-sum"),
        pytest.param([[1.0], [1.0]], False, id="one-column"),
        pytest.param([[np.nan, 1.0]], False, id="nan"),
    ],
)
def test_distributions(rows, found):
    """Rows that add up to 1 are probabilities."""
    assert is_distribution(np.array(rows)) == found


def test_winners():
    """Winners agree where the largest value of a row stands in the same place."""
    pair = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.7, 0.3]])
    assert winner_agreement([pair]) == 0.5


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([[[1.0, 50.0], [3.0, -70.0]], [[2.0, np.inf]]], [2.0, 50.0], id="columns"),
        pytest.param([[0.1, -0.2]], [1.0], id="small"),
        pytest.param([[1e9, 2e9, 3.0]], [100.0], id="huge"),
        pytest.param([[100, 200]], [1.0], id="whole-numbers"),
    ],
)
def test_scale(batches, expected):
    """The scale of a column is the median of its absolute values, from 1 to 100."""
    assert scale([np.array(batch) for batch in batches]).tolist() == expected
