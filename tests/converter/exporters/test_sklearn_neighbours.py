"""Neighbours by every metric and weight, and rows that have none."""

import numpy as np
import pytest
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

from coldpress.exporters.sklearn import _distances, attempts
from coldpress.sample import Sample

RANDOM = np.random.default_rng(4)
ROWS = RANDOM.normal(size=(120, 5))
ROWS[60:] = ROWS[:60] + RANDOM.normal(size=(60, 5)) * 1e-5  # near others, as products can't tell
THREE = np.digitize(ROWS[:, 0], [-0.5, 0.5])
VALUES = np.c_[ROWS[:, 1], ROWS.sum(axis=1)]
# What training saw, what is near that, and others, far ones too.
_OTHERS = RANDOM.normal(size=(40, 5)) * 2
ASKED = np.r_[ROWS[:20], ROWS[:20] * (1 + 1e-9), _OTHERS, _OTHERS + 60]
METRICS = [
    {"metric": "manhattan"}, {"metric": "euclidean"}, {"metric": "chebyshev"},
    {"metric": "minkowski", "p": 3}, {"metric": "minkowski", "p": 1.5}, {"metric": "cosine"},
]  # fmt: skip


def answers(model, sample, rows):
    """What the first way to export gives for rows."""
    return attempts(model, Sample.of(sample))[0].export().model.open().run({"input": rows})


@pytest.mark.parametrize("held", [65536, 200], ids=["at-once", "in-blocks"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: "-".join(map(str, metric.values())))
def test_the_nearest_count_as_they_should(metric, weights, held, monkeypatch):
    """Whatever the metric, with the differences of all features or of a few at a time."""
    monkeypatch.setattr(_distances, "_HELD", held)
    model = KNeighborsRegressor(weights=weights, **metric).fit(ROWS, VALUES)
    found = answers(model, ROWS, ASKED)["variable"]
    np.testing.assert_allclose(found, model.predict(ASKED), rtol=1e-4)


@pytest.mark.filterwarnings("ignore:One or more samples have no neighbors")
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_rows_without_neighbours_are_missing(weights):
    """A regressor has no value for them."""
    model = RadiusNeighborsRegressor(2.0, weights=weights).fit(ROWS, VALUES)
    found, expected = answers(model, ROWS, ASKED)["variable"], model.predict(ASKED)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Outlier label 7 is not in training classes")
@pytest.mark.parametrize("label", [1, 7], ids=["of-a-class", "of-its-own"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_rows_without_neighbours_have_their_label(weights, label):
    """A classifier gives them the label that was named for them, and a class's share."""
    model = RadiusNeighborsClassifier(2.0, weights=weights, outlier_label=label)
    model.fit(ROWS, THREE)
    found = answers(model, ROWS, ASKED)
    assert found["label"].tolist() == model.predict(ASKED).tolist()
    assert label in found["label"]
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(ASKED), atol=1e-6)


def test_each_target_has_its_neighbours():
    """Several targets, of two and of three classes, get labels and probabilities of their own."""
    model = KNeighborsClassifier(weights="distance", p=1).fit(ROWS, np.c_[THREE, THREE > 0])
    found = answers(model, ROWS, ASKED)
    labels = np.c_[found["label_1"], found["label_2"]]
    assert (labels == model.predict(ASKED)).all()
    for index, shares in enumerate(model.predict_proba(ASKED), start=1):
        np.testing.assert_allclose(found[f"probabilities_{index}"], shares, atol=1e-6)
