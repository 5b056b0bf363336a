"""Stacks over the columns of tables, and products of their features."""

import numpy as np
from sklearn import ensemble, impute, linear_model, pipeline, preprocessing

from tests.zoo.cases.sklearn_data import BINARY, TARGET, THREE, held
from tests.zoo.cases.sklearn_tables import FULL, GAPPY, NUMBERS, table

_FEW = {"n_estimators": 8, "random_state": 0}
_ONE_HOT = preprocessing.OneHotEncoder(handle_unknown="ignore")
_WORDS = [(_ONE_HOT, ["city", "grade"])]
_IMPUTED = [
    (
        pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), _ONE_HOT),
        ["city", "grade"],
    )
]


def _classifiers(*more, words=_WORDS):
    models = [ensemble.RandomForestClassifier(**_FEW), linear_model.LogisticRegression(), *more]
    return [(f"model_{i}", table(model, words=words)) for i, model in enumerate(models)]


def _regressors():
    models = [ensemble.RandomForestRegressor(**_FEW), linear_model.Ridge()]
    return [(f"model_{i}", table(model, words=_WORDS)) for i, model in enumerate(models)]


def _products(model, **options):
    return pipeline.make_pipeline(preprocessing.PolynomialFeatures(**options), model)


CASES = (
    held("Table, stack",
         lambda: ensemble.StackingClassifier(_classifiers(linear_model.RidgeClassifier()), cv=2),
         BINARY, rows=FULL, quick=True),
    held("Table, stack of three classes, forest on top",
         lambda: ensemble.StackingClassifier(
             _classifiers(), ensemble.RandomForestClassifier(**_FEW), cv=2), THREE, rows=FULL),
    held("Table, stack of labels",
         lambda: ensemble.StackingClassifier(_classifiers(), stack_method="predict", cv=2),
         THREE, rows=FULL),
    held("Table, stack with gaps",
         lambda: ensemble.StackingClassifier(_classifiers(words=_IMPUTED), cv=2),
         BINARY, rows=GAPPY),
    held("Table, stack of regressors",
         lambda: ensemble.StackingRegressor(_regressors(), cv=2), TARGET, rows=FULL),
    held("Table, stack of boosting of categories",
         lambda: ensemble.StackingClassifier(
             [("boosting", ensemble.HistGradientBoostingClassifier(
                 max_iter=8, categorical_features="from_dtype"))], cv=2),
         BINARY, rows=FULL[["age", "grade"]]),
    held("Table, imputers where nothing is missing",
         lambda: table(linear_model.LogisticRegression(), words=_IMPUTED), BINARY, rows=FULL,
         quick=True),
    held("PolynomialFeatures before a forest",
         lambda: _products(ensemble.RandomForestClassifier(**_FEW), degree=3), BINARY,
         rows=FULL[NUMBERS], quick=True),
    held("PolynomialFeatures, interactions only",
         lambda: _products(linear_model.Ridge(), interaction_only=True, include_bias=False),
         TARGET, rows=FULL[[*NUMBERS, "visits"]]),
    held("PolynomialFeatures, float32",
         lambda: _products(ensemble.RandomForestRegressor(**_FEW)), TARGET,
         rows=FULL[NUMBERS].astype(np.float32)),
)  # fmt: skip
