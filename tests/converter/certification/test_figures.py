"""Histograms, kept variance and winners."""

import numpy as np
import pytest

from coldpress.certification._figures import DECADES, decades, fidelity, winner_agreement


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
    ("original", "exported", "agreement"),
    [
        pytest.param([[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.7, 0.3]], 0.5, id="half"),
        pytest.param([[2.0, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.7, 0.3]], None, id="other-sum"),
        pytest.param([[1.0], [1.0]], [[1.0], [1.0]], None, id="one-column"),
        pytest.param([[np.nan, 1.0]], [[0.0, 1.0]], None, id="nan"),
    ],
)  # fmt: skip
def test_winners(original, exported, agreement):
    """Winners are compared where the original's rows are probabilities."""
    assert winner_agreement([(np.array(original), np.array(exported))]) == agreement
