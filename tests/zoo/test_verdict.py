"""The zoo's verdict itself: a bundle that answers wrongly on fresh rows is found out."""

from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.zoo import verdict
from tests.zoo.case import Built, Case

ROWS = np.random.default_rng(0).normal(size=(120, 3))
TARGET = ROWS @ [1.0, 2.0, 3.0]


class Spoilt:
    """A session whose answers were changed."""

    def __init__(self, inner, change):
        self._inner, self._change = inner, change

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def run(self, tensors):
        """The inner session's answers, changed."""
        return {name: self._change(name, array) for name, array in self._inner.run(tensors).items()}


def equal(_, array):
    """No change."""
    return array


def off(_, array):
    """Every number is 1000 more."""
    return array + 1000


def wrong_column(_, array):
    """The second column is wrong."""
    return np.where(np.arange(array.shape[1]) == 1, -array, array)


def flipped(name, array):
    """Every label is the other one."""
    return 1 - array if name == "label" else array


def other_winners(name, array):
    """The scores are those of the other class, and the labels as they were."""
    return array if name == "label" else array[:, ::-1]


@cache
def model_of(kind):
    """A small trained model."""
    return kind().fit(ROWS, TARGET > 0 if kind is LogisticRegression else TARGET)


@pytest.mark.parametrize(
    ("kind", "change", "outcome", "said"),
    [
        pytest.param(LinearRegression, equal, "bundle", "", id="regressor"),
        pytest.param(LinearRegression, off, "wrong", "differs", id="regressor-off"),
        pytest.param(StandardScaler, equal, "bundle", "", id="transformer"),
        pytest.param(StandardScaler, wrong_column, "wrong", "differs", id="transformer-column"),
        pytest.param(LogisticRegression, equal, "bundle", "", id="classifier"),
        pytest.param(LogisticRegression, flipped, "wrong", "another label", id="labels"),
        pytest.param(LogisticRegression, other_winners, "wrong", "differs", id="winners"),
    ],
)
def test_wrong_answers_on_fresh_rows_are_a_wrong_bundle(monkeypatch, kind, change, outcome, said):
    """Numbers and labels that are not the original's fail a case, whatever kind the model is."""
    opened = verdict.session_of
    monkeypatch.setattr(verdict, "session_of", lambda *args: Spoilt(opened(*args), change))
    built = Built(model=model_of(kind), sample=ROWS[:80], fresh=ROWS[80:])
    case = Case(name="case", group="scikit-learn", build=lambda: built)
    found = verdict.judge(case)
    assert found.outcome == outcome
    assert said in found.reason
    assert bool(verdict.unexpected(case, found)) is (outcome == "wrong")
