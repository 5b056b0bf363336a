"""Histogram boosters with categories, held against scikit-learn where the two like to part."""

import warnings

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    VotingClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from coldpress.exporters.boosting._graph import INPUT, graph_of
from coldpress.exporters.sklearn._histogram import read
from coldpress.pipeline import export
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(3)
COUNT = 240
NUMBER = RANDOM.normal(size=COUNT)
CODE = RANDOM.integers(0, 9, COUNT) * 1.5 - 3
SCORE = NUMBER + np.sin(CODE * 2) + RANDOM.normal(size=COUNT) / 9
BINARY = (SCORE > 0).astype(int)
WORDS = np.array(["low", "mid", "high"])[np.digitize(SCORE, [-1, 1])]
GAP = RANDOM.random(COUNT) < 0.2
# The number stands before the categories, which the trees count first.
ROWS = np.c_[np.where(GAP[::-1], np.nan, NUMBER), np.where(GAP, np.nan, CODE)]
NEVER_MISSING = np.c_[NUMBER, CODE]
ODD_CODES = (np.nan, 99.0, -99.0, 0.5, -3.0000000001, 1e300)
NAMES = pd.Categorical([f"kind {int(code * 2)}" for code in CODE])
TABLE = pd.DataFrame({"number": NUMBER, "kind of": NAMES})
SMALL = {"max_iter": 6, "min_samples_leaf": 4}


def regressor(**options):
    """A small regressor whose second column holds categories."""
    return HistGradientBoostingRegressor(**SMALL | {"categorical_features": [1]} | options)


def classifier(**options):
    """A small classifier whose second column holds categories."""
    return HistGradientBoostingClassifier(**SMALL | {"categorical_features": [1]} | options)


def odd_rows(model, rows):
    """Rows with categories that are none, and numbers on every threshold and beside it."""
    told = read(model).forest.trees
    nodes = [pair for t in told for pair in zip(t.modes, t.values, strict=True)]
    edges = np.array([value for mode, value in nodes if mode == "BRANCH_LEQ"])
    near = np.concatenate([np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)])
    more = np.resize(rows, (len(near), 2))
    more[:, 0] = near
    odd = np.resize(rows, (len(ODD_CODES) * 8, 2))
    odd[:, 1] = np.repeat(ODD_CODES, 8)
    return np.concatenate([rows, more, odd])


@pytest.mark.parametrize("rows", [ROWS, NEVER_MISSING], ids=["gaps", "none-missing"])
@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(regressor(), SCORE, id="squares"),
        pytest.param(regressor(loss="absolute_error"), SCORE, id="absolute"),
        pytest.param(regressor(loss="quantile", quantile=0.8), SCORE, id="quantile"),
        pytest.param(regressor(loss="gamma"), np.exp(SCORE), id="gamma"),
        pytest.param(regressor(loss="poisson"), np.exp(SCORE), id="poisson"),
        pytest.param(classifier(), BINARY, id="two classes"),
        pytest.param(classifier(), WORDS, id="words"),
        pytest.param(regressor(categorical_features=[0, 1], max_bins=255), SCORE, id="no numbers"),
        pytest.param(classifier(early_stopping=True), BINARY, id="stopped"),
        pytest.param(classifier(categorical_features=None), WORDS, id="no categories"),
    ],
)
def test_rows_go_the_ways_of_the_original(model, target, rows):
    """sklearn-onnx#1051: known, unseen and missing categories, and numbers on thresholds."""
    if model.categorical_features == [0, 1]:
        rows = np.c_[np.round(rows[:, 0]), rows[:, 1]]
    model.fit(rows, target)
    asked = odd_rows(model, rows)
    boosted = read(model)
    graph = graph_of(boosted, given={INPUT: TensorProto.DOUBLE}, wide=True)
    answer = ModelSession(graph.SerializeToString()).run({INPUT: asked})
    for own, name in zip(boosted.ask(asked), boosted.outputs, strict=True):
        if own.dtype.kind == "f":
            np.testing.assert_allclose(answer[name], own, rtol=1e-5, atol=1e-6)
        else:
            assert answer[name].tolist() == own.tolist()


def test_missing_alone_may_go_to_the_left():
    """A split may part what is missing from all categories, which are then a set of none."""
    rows = np.c_[np.zeros(COUNT), ROWS[:, 1]]
    model = regressor(max_iter=1, max_leaf_nodes=2).fit(rows, GAP.astype(float))
    graph = graph_of(read(model), given={INPUT: TensorProto.DOUBLE}, wide=True)
    answer = ModelSession(graph.SerializeToString()).run({INPUT: rows})
    np.testing.assert_allclose(answer["variable"][:, 0], model.predict(rows), rtol=1e-6)


def test_words_are_inputs_of_their_own(tmp_path):
    """A table with categories of words has an input for each column; unseen words are probed."""
    model = HistGradientBoostingClassifier(**SMALL).fit(TABLE, WORDS)
    sample = TABLE.astype({"kind of": object})
    bundle = export(model, sample=sample, output=tmp_path / "b")
    inputs = bundle.manifest.signature.inputs
    assert [(spec.name, spec.datatype) for spec in inputs] == [
        ("number", "FP64"),
        ("kind_of", "BYTES"),
    ]
    probes = {probe.name for probe in bundle.certificate().probes if probe.accepted}
    assert {"unseen categories", "thresholds", "missing values", "empty text"} <= probes


def test_numbers_are_one_matrix(tmp_path):
    """Categories that are numbers, by name or by the column's type, stay in one matrix."""
    table = pd.DataFrame({"number": NUMBER, "code": pd.Categorical(CODE * 2)})
    model = HistGradientBoostingRegressor(**SMALL).fit(table, SCORE)
    bundle = export(model, sample=table, output=tmp_path / "b")
    assert [spec.shape for spec in bundle.manifest.signature.inputs] == [(-1, 2)]
    assert {"unseen numbers", "missing values"} <= {p.name for p in bundle.certificate().probes}


AROUND = {
    "pipeline": lambda own: make_pipeline(
        make_column_transformer((OrdinalEncoder(), ["kind of"]), remainder="passthrough"),
        own.set_params(categorical_features=[0]),
    ),
    "voting": lambda own: VotingClassifier([("own", own)], voting="soft"),
    "calibration": lambda own: CalibratedClassifierCV(own, cv=2),
}


@pytest.mark.parametrize("around", AROUND)
def test_categories_are_proven_inside_others(tmp_path, around):
    """A booster with categories is right inside other estimators, with its decision as well."""
    model = AROUND[around](HistGradientBoostingClassifier(**SMALL))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bundle = export(model.fit(TABLE, BINARY), sample=TABLE, output=tmp_path / "b")
    assert bundle.manifest.certificate.passed
