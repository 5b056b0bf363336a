"""Forests that answer with the depth of their leaves, or with which they are."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest, RandomTreesEmbedding

from coldpress.exporters.sklearn import attempts
from coldpress.sample import Sample

RANDOM = np.random.default_rng(6)
ROWS = RANDOM.normal(size=(300, 4)) * [1, 20, 0.1, 5]
FRESH = np.where(RANDOM.random((400, 4)) < 0.1, np.nan, RANDOM.normal(size=(400, 4)) * 9)


def answers(model, rows):
    """What the first way to export gives for rows."""
    return attempts(model, Sample.of(ROWS))[0].export().model.open().run({"input": rows})


@pytest.mark.parametrize("features", [1.0, 0.5], ids=["all-features", "some-features"])
def test_depths_add_up_as_in_float64(features):
    """Whatever the trees' sums are in float32, scores and labels are those of the original."""
    model = IsolationForest(contamination=0.1, max_features=features, random_state=0)
    found = answers(model.fit(ROWS), FRESH)
    np.testing.assert_allclose(found["scores"][:, 0], model.decision_function(FRESH), atol=1e-9)
    assert (found["label"].ravel() == model.predict(FRESH)).all()


def test_each_tree_has_its_leaf():
    """An embedding is a 1 for each tree, in the column of the leaf."""
    model = RandomTreesEmbedding(30, max_depth=4, random_state=0).fit(ROWS)
    rows = np.nan_to_num(FRESH)
    np.testing.assert_array_equal(answers(model, rows)["variable"], model.transform(rows).todense())
