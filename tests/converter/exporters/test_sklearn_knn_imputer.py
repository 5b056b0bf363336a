"""Gaps filled by the nearest rows: what the graph gives for rows of every kind."""

import numpy as np
import pytest
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress.errors import CertificationError, ExportError
from coldpress.exporters.sklearn import attempts
from coldpress.pipeline import export
from coldpress.sample import Sample

RANDOM = np.random.default_rng(7)
WHOLE = RANDOM.normal(size=(300, 5)) * [1, 4, 0.5, 2, 1] + [0, 0, 1, -3, 2]
ROWS = np.where(RANDOM.random(WHOLE.shape) < 0.25, np.nan, WHOLE)
TRAINED = ROWS[:200]
# Rows without any number, with one alone, of training with one more gap, far ones, and others.
NOTHING = np.full((3, 5), np.nan)
LONELY = np.where(np.eye(5) == 1, WHOLE[200:205], np.nan)
KNOWN = np.where(RANDOM.random((40, 5)) < 0.2, np.nan, TRAINED[:40])
ASKED = np.r_[NOTHING, LONELY, KNOWN, ROWS[200:], ROWS[200:] * 50]


def filled(model, sample, rows):
    """What the first way to export gives for rows."""
    session = attempts(model, Sample.of(sample))[0].export().model.open()
    return session.run({"input": rows})["variable"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="mean"),
        pytest.param({"weights": "distance"}, id="by-distance"),
        pytest.param({"n_neighbors": 1}, id="nearest"),
        pytest.param({"n_neighbors": 900}, id="all"),
        pytest.param({"add_indicator": True, "n_neighbors": 3}, id="indicator"),
    ],
)
def test_gaps_are_filled_by_the_nearest(options):
    """Whatever counts how much, and where a row shares no feature with any other."""
    model = KNNImputer(**options).fit(TRAINED)
    found = filled(model, TRAINED, ASKED)
    # A distance of 0 is rounding to scikit-learn, and weighs as much as that makes it.
    np.testing.assert_allclose(found, model.transform(ASKED), rtol=2e-5)


def test_rows_of_float32_are_filled_alike():
    """Distances are rounded where scikit-learn rounds them."""
    trained, asked = TRAINED.astype("float32"), ASKED.astype("float32")
    model = KNNImputer().fit(trained)
    found = filled(model, trained, asked)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.transform(asked), rtol=1e-5)


@pytest.mark.parametrize("kept", [False, True], ids=["left-out", "kept"])
def test_a_feature_that_training_missed(kept):
    """It is left out, or 0 in every row."""
    trained, asked = TRAINED.copy(), ASKED.copy()
    trained[:, 2] = np.nan
    model = KNNImputer(keep_empty_features=kept).fit(trained)
    found = filled(model, trained, asked)
    np.testing.assert_allclose(found, model.transform(asked), rtol=1e-6)


def test_a_number_may_stand_for_a_gap():
    """The number that was named as missing is one, in training and in rows."""
    trained, asked = (np.nan_to_num(rows, nan=-99.0) for rows in (TRAINED, ASKED))
    model = KNNImputer(missing_values=-99).fit(trained)
    found = filled(model, trained, asked)
    np.testing.assert_allclose(found, model.transform(asked), rtol=1e-6)


def test_a_pipeline_is_proven(tmp_path, capfd):
    """With probes that miss values everywhere, and without a line of onnxruntime's own."""
    target = (WHOLE[:200, 0] > 0).astype(int)
    model = make_pipeline(KNNImputer(), StandardScaler(), LogisticRegression())
    model.fit(TRAINED, target)
    bundle = export(model, sample=TRAINED, output=tmp_path / "b")
    assert bundle.certificate().passed
    assert capfd.readouterr().err == ""


def test_ties_are_told(tmp_path):
    """Rows at the same distance that hold other values are refused, with the reason."""
    rows = RANDOM.integers(0, 3, (120, 3)).astype(float)
    rows = np.where(RANDOM.random(rows.shape) < 0.2, np.nan, rows)
    with pytest.raises(CertificationError, match=r"rows at the same distance .* SimpleImputer"):
        export(KNNImputer().fit(rows), sample=rows, output=tmp_path / "b")


def test_weights_of_ones_own_are_refused(tmp_path):
    """A Python function can't be exported."""
    model = KNNImputer(weights=lambda distances: 1 / (1 + distances)).fit(TRAINED)
    with pytest.raises(ExportError, match="use weights='uniform' or 'distance'"):
        export(model, sample=TRAINED, output=tmp_path / "b")
