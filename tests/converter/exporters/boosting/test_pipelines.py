"""Boosters inside scikit-learn's estimators."""

import warnings

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from coldpress.errors import ExportError
from coldpress.pipeline import export
from coldpress_runtime.session import DTYPES, ModelSession

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(200, 3)) * [1, 2, 0.5]
SCORE = ROWS @ [1.0, 0.5, -1.0]
THREE = np.digitize(SCORE, [-1, 1])
TABLE = pd.DataFrame(ROWS, columns=list("abc")).assign(word=RANDOM.choice(["x", "y"], 200))


def boosters():
    """A classifier of each library, not trained."""
    return {
        "xgboost": xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=5, num_leaves=6, verbose=-1, n_jobs=1),
        "catboost": catboost.CatBoostClassifier(
            iterations=5, depth=3, verbose=False, allow_writing_files=False
        ),
    }


WRAPS = {
    "pipeline": lambda own: make_pipeline(StandardScaler(), own),
    "voting": lambda own: VotingClassifier(
        [("own", own), ("linear", LogisticRegression())], voting="soft", flatten_transform=False
    ),
    "stacking": lambda own: StackingClassifier([("own", own)], cv=2),
    "calibration": lambda own: CalibratedClassifierCV(own, cv=2),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("library", boosters())
def test_boosters_are_proven_inside(tmp_path, library, wrap):
    """A booster inside an estimator of scikit-learn's is exported with it, margins and all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = WRAPS[wrap](boosters()[library]).fit(ROWS[:120], THREE[:120])
        bundle = export(model, sample=ROWS[:120], output=tmp_path / "b")
        session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
        answer = session.run({"input": ROWS[120:]})
        own = model.predict_proba(ROWS[120:])
    np.testing.assert_allclose(answer["probabilities"], own, rtol=1e-4, atol=1e-5)
    assert bundle.manifest.source.framework == "scikit-learn"


@pytest.mark.parametrize("library", boosters())
def test_tables_of_words_and_numbers_reach_the_booster(tmp_path, library):
    """A pipeline over named columns gives the booster what its other steps make of them."""
    steps = [("word", OneHotEncoder(), ["word"]), ("numbers", StandardScaler(), list("abc"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(ColumnTransformer(steps), boosters()[library]).fit(TABLE, THREE)
        bundle = export(model, sample=TABLE, output=tmp_path / "b")
    assert [spec.name for spec in bundle.manifest.signature.inputs] == list(TABLE)
    assert bundle.manifest.certificate.label_agreement == 1.0


class Own(xgboost.XGBRegressor):
    """A class of the user's own, with a converter for its base only."""


def test_subclasses_and_searches_are_followed(tmp_path):
    """A booster of the user's own class is found inside a search, behind its best pipeline."""
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Own(n_estimators=5, n_jobs=1)),
        {"own__max_depth": [2, 3]},
        cv=2,
    )
    bundle = export(search.fit(ROWS, SCORE), sample=ROWS, output=tmp_path / "b")
    assert bundle.manifest.certificate.passed


def test_what_cannot_be_exported_is_refused_inside(tmp_path):
    """A booster that is refused alone is refused inside a pipeline, for the same reason."""
    linear = xgboost.XGBRegressor(booster="gblinear")
    model = make_pipeline(StandardScaler(), linear).fit(ROWS, SCORE)
    with pytest.raises(ExportError, match="gblinear"):
        export(model, sample=ROWS, output=tmp_path / "b")


@pytest.mark.parametrize("library", boosters())
def test_zeros_of_sparse_matrices_are_what_they_are_to_the_booster(tmp_path, library):
    """What a sparse matrix leaves out is missing to XGBoost, and zero to the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binned = make_pipeline(KBinsDiscretizer(4, encode="onehot"), boosters()[library])
        model = binned.fit(ROWS[:120], THREE[:120])
        assert hasattr(model[:-1].transform(ROWS[:2]), "tocsr")
        bundle = export(model, sample=ROWS[:120], output=tmp_path / "b")
        session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
        answer = session.run({"input": ROWS[120:].astype(DTYPES[session.inputs[0].datatype])})
        own = model.predict_proba(ROWS[120:])
    np.testing.assert_allclose(answer["probabilities"], own, rtol=1e-4, atol=1e-5)


def test_a_missing_value_beside_sparse_zeros_is_refused(tmp_path):
    """A sparse matrix to a model with a missing value of its own is told apart from others."""
    binned = make_pipeline(
        KBinsDiscretizer(4, encode="onehot"), xgboost.XGBClassifier(n_estimators=2, missing=-1.0)
    )
    with pytest.raises(ExportError, match="missing value of its own and is given a sparse matrix"):
        export(binned.fit(ROWS, THREE), sample=ROWS, output=tmp_path / "b")
