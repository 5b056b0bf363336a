"""Boosted models of each library on their own, exported live and asked through the runtime."""

import warnings

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from coldpress.errors import ExportError, SampleError
from coldpress.exporters import reference
from coldpress.exporters.boosting import attempts
from coldpress.exporters.boosting._families import read
from coldpress.load import model_of
from coldpress.pipeline import export
from coldpress.sample import Sample
from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(200, 3)) * [1, 2, 0.5]
SINGLE = ROWS.astype(np.float32)
SCORE = ROWS @ [1.0, 0.5, -1.0]
BINARY = (SCORE > 0).astype(int)
WORDS = np.array(["high", "low", "mid"])[np.digitize(SCORE, [-1, 1])]
COUNTS = np.digitize(SCORE, [-1, 0, 1])
TABLE = pd.DataFrame(ROWS, columns=["Age years", "fare", "f9"])
GROUPS = [10] * 20

XGB = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1}
LGB = {"n_estimators": 8, "num_leaves": 6, "verbose": -1, "n_jobs": 1}
CAT = {"iterations": 8, "depth": 3, "verbose": False, "allow_writing_files": False}


def fit_all():
    """A small trained model of each kind, by a name for the test."""
    queries = np.repeat(np.arange(20), 10)
    return {
        "xgb-two": xgboost.XGBClassifier(**XGB).fit(ROWS, BINARY),
        "lgb-words": lightgbm.LGBMClassifier(**LGB).fit(ROWS, WORDS),
        "lgb-floats": lightgbm.LGBMClassifier(**LGB).fit(ROWS, BINARY + 1.0),
        "cat-words": catboost.CatBoostClassifier(**CAT).fit(ROWS, WORDS),
        "cat-flags": catboost.CatBoostClassifier(**CAT).fit(ROWS, BINARY > 0),
        "xgb-real": xgboost.XGBRegressor(**XGB).fit(ROWS, SCORE),
        "lgb-real": lightgbm.LGBMRegressor(**LGB).fit(ROWS, SCORE),
        "cat-real": catboost.CatBoostRegressor(**CAT).fit(ROWS, SCORE),
        "cat-plain": catboost.CatBoost(CAT | {"loss_function": "RMSE"}).fit(ROWS, SCORE),
        "xgb-rank": xgboost.XGBRanker(**XGB).fit(ROWS, COUNTS, group=GROUPS),
        "lgb-rank": lightgbm.LGBMRanker(**LGB).fit(ROWS, COUNTS, group=GROUPS),
        "cat-rank": catboost.CatBoostRanker(**CAT).fit(ROWS, COUNTS, group_id=queries),
        "xgb-raw": xgboost.XGBRegressor(**XGB).fit(ROWS, SCORE).get_booster(),
        "lgb-raw": lightgbm.LGBMRegressor(**LGB).fit(ROWS, SCORE).booster_,
    }


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    MODELS = fit_all()

LABELS = {
    "xgb-two": (0, 1),
    "lgb-words": ("high", "low", "mid"),
    "lgb-floats": (1, 2),
    "cat-words": ("high", "low", "mid"),
    "cat-flags": (0, 1),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_is_proven(tmp_path, name):
    """A model of each kind becomes a bundle whose outputs are named for what they are."""
    bundle = export(MODELS[name], sample=ROWS, output=tmp_path / "b")
    outputs = bundle.manifest.signature.outputs
    if name in LABELS:
        assert [spec.name for spec in outputs] == ["label", "probabilities"]
        assert [spec.labels for spec in outputs] == [LABELS[name]] * 2
        assert outputs[1].shape == (-1, len(LABELS[name]))
    else:
        wanted = "score" if name.endswith("rank") else "variable"
        assert [(spec.name, spec.shape) for spec in outputs] == [(wanted, (-1, 1))]
    assert bundle.manifest.certificate.passed
    source = bundle.manifest.source
    assert source.framework == {"x": "xgboost", "l": "lightgbm", "c": "catboost"}[name[0]]
    assert any(package.startswith(source.framework) for package in source.versions)


@pytest.mark.parametrize(
    ("name", "rows", "datatype", "rung"),
    [
        pytest.param("xgb-real", ROWS, "FP32", "float32", id="xgboost-float64"),
        pytest.param("cat-real", ROWS, "FP32", "float32", id="catboost-float64"),
        pytest.param("xgb-real", ROWS.round().astype(int), "FP32", "float32", id="xgboost-whole"),
        pytest.param("lgb-real", ROWS, "FP64", "float64", id="lightgbm-float64"),
        pytest.param("lgb-real", SINGLE, "FP32", "float32", id="lightgbm-float32"),
        pytest.param("lgb-real", ROWS.astype(np.float16), "FP32", "float32", id="lightgbm-half"),
        pytest.param("lgb-real", ROWS.round().astype(int), "FP64", "float64", id="lightgbm-whole"),
    ],
)
def test_input_is_what_the_library_compares(tmp_path, name, rows, datatype, rung):
    """XGBoost and CatBoost round to float32 themselves; LightGBM gets all that the sample holds."""
    bundle = export(MODELS[name], sample=rows, output=tmp_path / "b")
    (spec,) = bundle.manifest.signature.inputs
    assert (spec.name, spec.datatype, spec.shape) == ("input", datatype, (-1, 3))
    assert [r.name for r in bundle.certificate().rungs] == [rung]


def test_sums_that_float32_cannot_hold_go_up_the_ladder(tmp_path):
    """Leaves that cancel each other fail in float32; float64 is proven, and both are recorded."""
    target = np.where(SCORE > 0, 1e9, 0) + SCORE
    model = lightgbm.LGBMRegressor(**LGB | {"n_estimators": 300, "learning_rate": 1.0})
    bundle = export(model.fit(SINGLE, target), sample=SINGLE, output=tmp_path / "b")
    rungs = bundle.certificate().rungs
    assert [(rung.name, rung.held) for rung in rungs] == [("float32", False), ("float64", True)]
    assert bundle.manifest.signature.inputs[0].datatype == "FP32"


NAMED = {
    "xgboost": xgboost.XGBClassifier(**XGB).fit(TABLE, BINARY),
    "xgboost-raw": xgboost.XGBClassifier(**XGB).fit(TABLE, BINARY).get_booster(),
    "lightgbm": lightgbm.LGBMRegressor(**LGB).fit(TABLE.rename(columns={"Age years": "a"}), SCORE),
    "catboost": catboost.CatBoostRegressor(**CAT).fit(TABLE, SCORE),
}


@pytest.mark.parametrize("name", NAMED)
def test_order_of_columns_does_not_matter(tmp_path, name):
    """A table whose columns stand in another order is put right, whatever their names are."""
    model = NAMED[name]
    table = TABLE.rename(columns={"Age years": "a"}) if name == "lightgbm" else TABLE
    bundle = export(model, sample=table[table.columns[::-1]], output=tmp_path / "b")
    assert bundle.manifest.signature.features == tuple(table.columns)
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    (spec,) = bundle.manifest.signature.inputs
    dtype = np.float64 if spec.datatype == "FP64" else np.float32
    answer = session.run({"input": ROWS.astype(dtype)})
    given = xgboost.DMatrix(table) if name == "xgboost-raw" else table
    own = model.predict_proba(table) if name == "xgboost" else model.predict(given).reshape(-1, 1)
    np.testing.assert_allclose(next(reversed(answer.values())), own, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sample", "said"),
    [
        pytest.param("xgboost", TABLE[["fare", "f9"]], "is missing 'Age years'", id="missing"),
        pytest.param("catboost", TABLE.assign(y=1), "'y', which the model does not", id="extra"),
        pytest.param("xgboost-raw", ROWS[:, :2], "has 2 columns and the model takes 3", id="few"),
        pytest.param("xgboost", ROWS[:, 0], "two dimensions", id="one-dimension"),
        pytest.param("catboost", TABLE.assign(fare="x"), "'fare' of the sample is text", id="text"),
        pytest.param("xgboost-raw", ROWS * np.inf, "can't take the rows .*inf", id="infinite"),
    ],
)
def test_bad_samples_are_explained(tmp_path, name, sample, said):
    """A sample that doesn't fit the model gets one sentence, and no bundle."""
    with pytest.raises(SampleError, match=said) as caught:
        export(NAMED[name], sample=sample, output=tmp_path / "b")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def own_objective(actual, predicted):
    """The gradient and hessian of the squared error."""
    return predicted - actual, np.ones_like(actual)


def linear():
    """A LightGBM model with a linear model in each leaf."""
    return lightgbm.LGBMRegressor(**LGB, linear_tree=True)


def with_categories(kind, **options):
    """A model that was trained on a table with a column of pandas' type category."""
    table = TABLE.assign(fare=pd.Categorical(WORDS))
    return kind(**options).fit(table, SCORE)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(xgboost.XGBClassifier, "XGBClassifier is not fitted", id="xgb-new"),
        pytest.param(lightgbm.LGBMRanker, "LGBMRanker is not fitted", id="lgb-new"),
        pytest.param(catboost.CatBoost, "CatBoost is not fitted", id="cat-new"),
        pytest.param(
            lambda: xgboost.XGBRegressor(booster="gblinear").fit(ROWS, SCORE),
            "is linear",
            id="gblinear",
        ),
        pytest.param(
            lambda: xgboost.XGBClassifier(**XGB, objective=own_objective).fit(ROWS, BINARY),
            "objective of a Python function",
            id="xgb-own",
        ),
        pytest.param(
            lambda: xgboost.XGBClassifier(**XGB).fit(ROWS, np.c_[BINARY, 1 - BINARY, BINARY]),
            "several labels",
            id="xgb-labels",
        ),
        pytest.param(
            lambda: lightgbm.LGBMClassifier(**LGB, objective=own_objective).fit(ROWS, BINARY),
            "objective of a Python function",
            id="lgb-own",
        ),
        pytest.param(lambda: linear().fit(ROWS, SCORE), "linear_tree", id="linear-tree"),
        pytest.param(
            lambda: catboost.CatBoostClassifier(**CAT).fit(ROWS, BINARY + 0.5),
            "neither strings nor whole numbers",
            id="fractions",
        ),
        pytest.param(
            lambda: with_categories(xgboost.XGBRegressor, **XGB, enable_categorical=True),
            "pandas type category",
            id="xgb-categories",
        ),
        pytest.param(
            lambda: with_categories(catboost.CatBoostRegressor, **CAT, cat_features=["fare"]),
            "has categorical features",
            id="cat-categories",
        ),
        pytest.param(
            lambda: catboost.CatBoostClassifier(**CAT, loss_function="MultiLogloss").fit(
                ROWS, np.c_[BINARY, 1 - BINARY]
            ),
            "loss MultiLogloss",
            id="cat-labels",
        ),
    ],
)
def test_what_cannot_be_exported_is_explained(make, said):
    """A model that ONNX's trees can't be right for is refused in one sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make()
    with pytest.raises(ExportError, match=said) as caught:
        attempts(model, Sample.of(ROWS))
    assert "\n" not in str(caught.value)


def test_reference_answers_an_export_that_is_there():
    """A model is asked in the names and the types of an export that was made before."""
    signature = Signature(
        inputs=(TensorSpec(name="x", datatype="FP32", shape=(-1, 3)),),
        outputs=(
            TensorSpec(name="which", datatype="BYTES", shape=(-1,)),
            TensorSpec(name="how", datatype="FP32", shape=(-1, 3)),
        ),
    )
    model = MODELS["lgb-words"]
    held = reference(model_of(model), Sample.of(ROWS), signature)
    answer = held.rows.original(slice(0, 5))
    assert held.rows.tensors["x"].dtype == np.float32
    assert answer["which"].tolist() == model.predict(SINGLE[:5]).tolist()
    np.testing.assert_array_equal(answer["how"], model.predict_proba(SINGLE[:5]))
    assert held.labels == {"which": ("high", "low", "mid"), "how": ("high", "low", "mid")}
    held.timed()


def test_reference_of_another_model_is_refused():
    """An export of other columns or outputs was made from another model."""
    spec = TensorSpec(name="x", datatype="FP32", shape=(-1, 4))
    signature = Signature(inputs=(spec,), outputs=(spec,))
    trained = model_of(MODELS["xgb-real"])
    with pytest.raises(ExportError, match="not the model that it was made from"):
        reference(trained, Sample.of(ROWS), signature)


def test_blanks_in_names_are_underscores_to_lightgbm(tmp_path):
    """LightGBM renames columns with blanks: the table that trained it is a sample all the same."""
    rows = pd.DataFrame(RANDOM.normal(size=(200, 2)), columns=["living area", "year"])
    model = lightgbm.LGBMRegressor(**LGB).fit(rows, rows["living area"] * 2)
    bundle = export(model, sample=rows, output=tmp_path / "b")
    assert bundle.manifest.signature.features == ("living_area", "year")


def test_splits_that_only_missing_values_fail_have_no_end(tmp_path):
    """LightGBM's dump says 1e300 where the model itself has infinity, as the probes would show."""
    rows = RANDOM.normal(size=(400, 2))
    gone = RANDOM.random(400) < 0.4
    rows[gone, 0] = np.nan
    model = lightgbm.LGBMRegressor(**LGB, max_bin=2).fit(rows, gone * 3.0)
    values = {value for tree in read(model).forest.trees for value in tree.values}  # noqa: PD011 - a tree's
    assert np.inf in values
    assert 1e300 not in values
    assert export(model, sample=rows, output=tmp_path / "b").certificate().passed
