"""Live objects: the first of their classes that is a framework's says what they are."""

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress.errors import ExportError
from coldpress.load import model_of

XGB, LGBM = xgboost.XGBClassifier(), lightgbm.LGBMClassifier()


@pytest.mark.parametrize(
    ("model", "framework", "package"),
    [
        pytest.param(LogisticRegression(), "scikit-learn", "skl2onnx", id="scikit-learn"),
        pytest.param(XGB, "xgboost", "numpy", id="xgboost"),
        pytest.param(LGBM, "lightgbm", "numpy", id="lightgbm"),
        pytest.param(catboost.CatBoostRegressor(), "catboost", "catboost", id="catboost"),
        pytest.param(make_pipeline(StandardScaler(), XGB), "scikit-learn", "xgboost",
                     id="booster-in-a-pipeline"),
        pytest.param(VotingClassifier([("a", make_pipeline(StandardScaler(), LGBM))]),
                     "scikit-learn", "lightgbm", id="booster-in-an-ensemble"),
    ],
)  # fmt: skip
def test_frameworks_are_told_apart(model, framework, package):
    """A booster is its own framework's; in a scikit-learn model its version counts as well."""
    trained = model_of(model)
    assert (trained.framework, trained.format, trained.sha256) == (framework, "object", "")
    assert trained.model is model
    assert package in trained.packages


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(lambda model: CalibratedClassifierCV(model, cv=2), id="calibrated"),
        pytest.param(lambda model: GridSearchCV(model, {"n_estimators": [1]}, cv=2), id="search"),
        pytest.param(MultiOutputClassifier, id="targets"),
        pytest.param(lambda model: make_pipeline(BaggingClassifier(model, 2)), id="bagged"),
    ],
)
def test_versions_of_boosters_inside_count(around):
    """A booster is found wherever an estimator holds it, and its library's version recorded."""
    rows, target = np.eye(8), np.arange(8) % 2
    model = around(xgboost.XGBClassifier(n_estimators=1))
    if isinstance(model, MultiOutputClassifier):
        target = np.c_[target, target]
    assert "xgboost-cpu" in model_of(model.fit(rows, target)).packages


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param({"a": 1}, id="dict"),
        pytest.param(np.ones(3), id="array"),
        pytest.param(LogisticRegression, id="class"),
        pytest.param(xgboost.DMatrix(np.ones((2, 2))), id="data-of-a-framework"),
    ],
)
def test_other_objects_are_refused(thing):
    """What is no model says what to give."""
    with pytest.raises(ExportError, match="give a fitted estimator of scikit-learn"):
        model_of(thing)
