"""The graph of a model of each library, held against the model where they like to part."""

import warnings

import catboost
import lightgbm
import numpy as np
import onnx
import pytest
import xgboost
from onnx import TensorProto

from coldpress.exporters.boosting._boosted import ZERO
from coldpress.exporters.boosting._families import read
from coldpress.exporters.boosting._graph import INPUT, graph_of
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(0)
ROWS = (RANDOM.normal(size=(300, 3)) * [1, 2, 0.5]).astype(np.float32)
ROWS[:, 2] = RANDOM.integers(0, 8, 300)
SCORE = ROWS[:, 0] + np.sin(ROWS[:, 2] * 2) + ROWS[:, 1] / 3
BINARY = (SCORE > 0).astype(int)
THREE = np.digitize(SCORE, [-1, 1])
GAPS = np.where(RANDOM.random(ROWS.shape) < 0.2, np.float32(np.nan), ROWS)


def xgb(kind="XGBRegressor", **options):
    """A small model of XGBoost."""
    return getattr(xgboost, kind)(**{"n_estimators": 10, "max_depth": 4, "n_jobs": 1} | options)


def lgb(kind="LGBMRegressor", **options):
    """A small model of LightGBM."""
    small = {"n_estimators": 10, "num_leaves": 10, "verbose": -1, "n_jobs": 1, "cat_smooth": 1}
    return getattr(lightgbm, kind)(**small | {"min_data_per_group": 5} | options)


def cat(kind="CatBoostRegressor", **options):
    """A small model of CatBoost."""
    small = {"iterations": 10, "depth": 4, "verbose": False, "allow_writing_files": False}
    return getattr(catboost, kind)(**small | {"thread_count": 1} | options)


def both(model, rows, *, wide=False, given=TensorProto.FLOAT):
    """What a model and its graph answer, output by output."""
    boosted = read(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = boosted.ask(rows)
    graph = graph_of(boosted, given={INPUT: given}, wide=wide)
    onnx.checker.check_model(graph)
    session = ModelSession(graph.SerializeToString())
    answer = session.run({INPUT: rows})
    return [(mine, answer[name]) for mine, name in zip(own, boosted.outputs, strict=True)]


def assert_alike(model, rows, **options):
    """Model and graph give the same labels and numbers."""
    for own, given in both(model, rows, **options):
        if own.dtype.kind in "OU":
            assert own.reshape(-1).tolist() == given.tolist()
        else:
            np.testing.assert_allclose(given, own, rtol=1e-4, atol=1e-6)


def rows_on_thresholds(model, dtype):
    """Rows on every threshold of a model's trees, and one step of the type to either side."""
    found = {
        (feature, dtype(value))
        for tree in read(model).forest.trees
        for mode, feature, value in zip(tree.modes, tree.features, tree.values, strict=True)
        if mode != "LEAF" and abs(value) < 1e30
    }
    steps = [
        (feature, near)
        for feature, value in sorted(found)
        for near in (np.nextafter(value, dtype(-9)), value, np.nextafter(value, dtype(9)))
    ]
    rows = np.resize(ROWS, (len(steps), ROWS.shape[1])).astype(dtype)
    for row, (feature, near) in zip(rows, steps, strict=True):
        row[feature] = near
    return rows


MODELS = [
    pytest.param(xgb().fit(GAPS, SCORE), id="xgboost"),
    pytest.param(xgb("XGBClassifier", booster="dart", rate_drop=0.5).fit(GAPS, THREE), id="dart"),
    pytest.param(lgb().fit(GAPS, SCORE), id="lightgbm"),
    pytest.param(lgb("LGBMClassifier").fit(ROWS, THREE), id="lightgbm-no-gaps"),
    pytest.param(lgb(zero_as_missing=True).fit(ROWS, SCORE), id="zero-as-missing"),
    pytest.param(lgb(zero_as_missing=True).fit(GAPS, SCORE), id="zero-as-missing-and-gaps"),
    pytest.param(cat().fit(GAPS, SCORE), id="catboost"),
    pytest.param(cat(nan_mode="Max").fit(GAPS, SCORE), id="catboost-gaps-above"),
    pytest.param(cat(grow_policy="Lossguide").fit(GAPS, SCORE), id="catboost-free"),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wide", [False, True], ids=["float32", "float64"])
def test_thresholds_part_the_same_rows(model, wide):
    """onnxmltools#708: rows on a threshold, and one float32 beside it, go the original's way."""
    assert_alike(model, rows_on_thresholds(model, np.float32), wide=wide)


def test_thresholds_of_float64_part_the_same_rows():
    """onnxmltools#708: LightGBM tells apart what differs in float64 only, and so does the graph."""
    model = lgb().fit(ROWS, SCORE)
    rows = rows_on_thresholds(model, np.float64)
    assert_alike(model, rows, wide=True, given=TensorProto.DOUBLE)
    with pytest.raises(AssertionError):
        assert_alike(model, rows, wide=False, given=TensorProto.DOUBLE)


@pytest.mark.parametrize("model", MODELS)
def test_missing_and_extreme_values_go_the_same_way(model):
    """NaN, zero and the largest numbers go the way that they go in the original."""
    largest = np.finfo(np.float32).max
    values = np.array([0, -0.0, ZERO, -ZERO, 1e-36, 1e-20, -1e-20, largest, -largest], np.float32)
    rows = np.repeat(ROWS[:5], 3 * (len(values) + 1), axis=0)
    for index, row in enumerate(rows):
        row[index % 3] = np.append(values, np.nan)[index // 3 % (len(values) + 1)]
    assert_alike(model, rows)


CATEGORIES = [-5, -1, -0.5, 0, 0.5, 1, 2.7, 3, 6.999, 7, 8, 31, 32, 64, 1e5, 2**25, np.nan]


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(xgb(feature_types=["q", "q", "c"], enable_categorical=True), id="xgboost"),
        pytest.param(
            xgb(feature_types=["q", "q", "c"], enable_categorical=True, max_cat_to_onehot=99),
            id="xgboost-one-hot",
        ),
        pytest.param(lgb(categorical_feature=[2]), id="lightgbm"),
        pytest.param(lgb(categorical_feature=[2], zero_as_missing=True), id="lightgbm-zero"),
    ],
)
@pytest.mark.parametrize("rows", [ROWS, GAPS], ids=["whole", "gaps"])
def test_categories_are_the_originals(model, rows):
    """Categories that were never seen, fractions, negative ones and NaN go the original's way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, SCORE)
    assert read(model).categories == (2,)
    assert_alike(model, np.array([[0.1, -0.2, c] for c in CATEGORIES], np.float32))


def test_trees_of_leaves_only_keep_their_sigmoid():
    """onnxruntime#27533: a classifier that learnt nothing still gives probabilities."""
    constant = np.zeros_like(ROWS)
    for model in (xgb("XGBClassifier", base_score=0.2), lgb("LGBMClassifier")):
        ((_, _), (own, given)) = both(model.fit(constant, BINARY), constant)
        np.testing.assert_allclose(given, own, rtol=1e-6)
        assert given.sum(axis=1) == pytest.approx(1)


def test_tiny_probabilities_are_kept():
    """onnxruntime#26281: a probability far below 1e-7 is that, not zero and not cut off."""
    train = xgboost.DMatrix(ROWS, BINARY)
    model = xgboost.train(
        {"objective": "binary:logistic", "eta": 10, "lambda": 0, "max_depth": 6, "nthread": 1},
        train,
        3,
    )
    ((own, given),) = both(model, ROWS)
    assert 1e-37 < own.min() < 1e-12
    np.testing.assert_allclose(given, own, rtol=1e-4, atol=0)


def test_trees_that_drop_out_count_less():
    """The weights of DART's trees are in their leaves, which the trees alone don't say."""
    model = xgb(booster="dart", rate_drop=0.8, one_drop=True).fit(ROWS, SCORE)
    assert_alike(model, ROWS)
    learner = read(model).forest
    plain = xgb().fit(ROWS, SCORE)
    assert len(learner.trees) == len(read(plain).forest.trees)


def test_the_best_round_is_the_last():
    """Early stopping: rounds after the best one are in the file, and not in the graph."""
    model = xgb("XGBClassifier", n_estimators=60, learning_rate=1.0, early_stopping_rounds=5)
    model.fit(ROWS[:200], THREE[:200], eval_set=[(ROWS[200:], THREE[200:])], verbose=False)
    trained = model.get_booster().num_boosted_rounds()
    assert model.best_iteration + 1 < trained
    assert len(read(model).forest.trees) == 3 * (model.best_iteration + 1)
    assert_alike(model, ROWS)


def test_features_may_have_any_names():
    """onnxmltools#533: names that are not f0, f1, … need not be changed."""
    train = xgboost.DMatrix(ROWS, SCORE, feature_names=["Age years", "f7", "home.dest"])
    model = xgboost.train({"max_depth": 3, "nthread": 1}, train, 5)
    assert_alike(model, ROWS)
    assert model.feature_names == ["Age years", "f7", "home.dest"]


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        pytest.param("reg:logistic", 1 / (1 + np.exp(-SCORE)), id="logistic"),
        pytest.param("binary:logistic", BINARY, id="binary"),
        pytest.param("count:poisson", BINARY * 3, id="poisson"),
        pytest.param("reg:gamma", np.exp(SCORE), id="gamma"),
        pytest.param("reg:tweedie", np.exp(SCORE), id="tweedie"),
        pytest.param("reg:squaredlogerror", np.exp(SCORE), id="squared-log"),
        pytest.param("reg:pseudohubererror", SCORE, id="huber"),
        pytest.param("survival:cox", np.exp(SCORE), id="cox"),
    ],
)
@pytest.mark.parametrize("base", [None, 0.3], ids=["fitted", "given"])
def test_regressors_keep_their_link(objective, target, base):
    """onnxmltools#646: a regressor's link stands in the graph, and its base is in margins."""
    model = xgb(objective=objective, base_score=base).fit(ROWS, target)
    assert_alike(model, ROWS)


def test_several_targets_are_told_apart():
    """catboost#1940: models of several targets give each target its own, in every library."""
    pair = np.c_[SCORE, 3 - SCORE]
    models = [
        xgb(),
        xgb(multi_strategy="multi_output_tree", tree_method="hist"),
        cat(loss_function="MultiRMSE"),
    ]
    for model in models:
        assert_alike(model.fit(ROWS, pair), ROWS)


def test_another_value_may_stand_for_missing():
    """A value of the user's own counts as missing, and NaN beside it."""
    rows = np.where(np.isnan(GAPS), np.float32(-999), GAPS)
    rows[::7, 1] = np.nan
    model = xgb(missing=-999).fit(rows, SCORE)
    assert_alike(model, rows)
    plain = np.where(rows == -999, np.float32(np.nan), rows)
    ((own, given),) = both(model, plain)
    np.testing.assert_allclose(given, own, rtol=1e-4)
