"""XGBoost, LightGBM and CatBoost: every task, every kind of trees, and what is known to go wrong."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.zoo.case import Built, Case

_ROWS, _TRAINED = 500, 300


def _data(*, single: bool = True, gaps: bool = False):
    random = np.random.default_rng(0)
    rows = random.normal(size=(_ROWS, 5)) * [1, 2, 0.5, 3, 1]
    rows[:, 4] = random.integers(0, 7, _ROWS)
    score = rows @ [1.0, 0.4, 1.0, 0.2, 0.0] + np.sin(rows[:, 4] * 2)
    if gaps:
        rows[::5, 1] = np.nan
    if single:
        rows = rows.astype(np.float32)
    return rows, score


def _targets(score):
    return {
        "binary": (score > 0).astype(int),
        "three": np.digitize(score, [-1, 1]),
        "words": np.array(["low", "mid", "high"])[np.digitize(score, [-1, 1])],
        "real": score,
        "positive": np.exp(score / 3),
        "counts": np.random.default_rng(1).poisson(np.exp(score / 3)),
        "unit": 1 / (1 + np.exp(-score)),
        "pair": np.c_[score, -score + 1],
        "large": score * 1e6 + 1e7,
        "constant": np.full(len(score), 3.25),
        "offset": score + 3,
    }


def _built(make: Callable[..., Any], target: str = "real", *, fit: Any = None, **data: bool):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, score = _data(**data)
        wanted = _targets(score)[target]
        model = make()
        more = fit(rows, wanted) if fit else {}
        fitted = model.fit(rows[:_TRAINED], wanted[:_TRAINED], **more)
        return Built(model=fitted, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _groups(rows, wanted):
    return {"group": [10] * (_TRAINED // 10)}


def _stop(rows, wanted):
    return {"eval_set": [(rows[_TRAINED:], wanted[_TRAINED:])]}


def _xgb(kind, **options):
    import xgboost

    return getattr(xgboost, kind)(**{"n_estimators": 20, "max_depth": 4, "n_jobs": 1} | options)


def _lgb(kind, **options):
    import lightgbm

    small = {"n_estimators": 20, "num_leaves": 15, "verbose": -1, "n_jobs": 1, "random_state": 0}
    return getattr(lightgbm, kind)(**small | options)


def _cat(kind, **options):
    import catboost

    small = {"iterations": 20, "depth": 4, "verbose": False, "allow_writing_files": False}
    small |= {"thread_count": 1, "random_seed": 0}
    return getattr(catboost, kind)(**small | options)


def _raw_xgb(target, **parameters):
    import xgboost

    rows, score = _data()
    train = xgboost.DMatrix(rows[:_TRAINED], _targets(score)[target][:_TRAINED])
    model = xgboost.train({"max_depth": 4, "nthread": 1} | parameters, train, 20)
    return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _raw_lgb(target, **parameters):
    import lightgbm

    rows, score = _data(single=False)
    train = lightgbm.Dataset(rows[:_TRAINED], _targets(score)[target][:_TRAINED])
    small = {"verbose": -1, "num_leaves": 15, "num_threads": 1}
    model = lightgbm.train(small | parameters, train, 20)
    return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _case(name, build, target="real", *, refused=None, **more):
    run = build if target is None else partial(_built, build, target, **more)
    return Case(name=name, group="boosters", build=run, refused=refused)


def _named_frame():
    rows, score = _data()
    table = pd.DataFrame(rows, columns=["Age years", "b", "[c]", "d", "e"][:5])
    table.columns = ["Age years", "fare", "f9", "home.dest", "e"]
    model = _xgb("XGBClassifier").fit(table[:_TRAINED], score[:_TRAINED] > 0)
    turned = table[table.columns[::-1]]
    return Built(model=model, sample=turned[:_TRAINED], fresh=turned[_TRAINED:])


def _table_pipeline(booster):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, score = _data(single=False)
        table = pd.DataFrame(rows, columns=list("abcde"))
        table["word"] = np.array(["x", "y", "z"])[np.digitize(rows[:, 0], [-1, 1])]
        steps = [("word", OneHotEncoder(), ["word"]), ("rest", StandardScaler(), list("abcde"))]
        model = make_pipeline(ColumnTransformer(steps), booster())
        model.fit(
            table[:_TRAINED],
            _targets(score)["words" if "LGBM" in str(booster) else "three"][:_TRAINED],
        )
        return Built(model=model, sample=table[:_TRAINED], fresh=table[_TRAINED:])


def _pandas_categories(booster):
    rows, score = _data()
    table = pd.DataFrame(rows, columns=list("abcde"))
    table["e"] = pd.Categorical([f"w{int(v)}" for v in rows[:, 4]])
    model = booster().fit(table[:_TRAINED], score[:_TRAINED])
    return Built(model=model, sample=table[:_TRAINED], fresh=table[_TRAINED:])


def _minus_999():
    rows, score = _data()
    rows[::4, 0] = -999
    model = _xgb("XGBRegressor", missing=-999).fit(rows[:_TRAINED], score[:_TRAINED])
    return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _scaled_catboost():
    built = _built(partial(_cat, "CatBoostRegressor"))
    built.model.set_scale_and_bias(2.5, 1.5)
    return built


def _threshold_catboost():
    built = _built(partial(_cat, "CatBoostClassifier"), "binary")
    built.model.set_probability_threshold(0.3)
    return built


def _categories_catboost():
    rows, score = _data()
    table = pd.DataFrame(rows, columns=list("abcde"))
    table["e"] = rows[:, 4].astype(int)
    model = _cat("CatBoostClassifier", cat_features=["e"]).fit(
        table[:_TRAINED], score[:_TRAINED] > 0
    )
    return Built(model=model, sample=table[:_TRAINED], fresh=table[_TRAINED:])


def _own_objective(actual, predicted):
    return predicted - actual, np.ones_like(actual)


_KINDS = {"c": "q q q q c".split()}
_BINARY = {
    "XGBClassifier": partial(_xgb, "XGBClassifier"),
    "LGBMClassifier": partial(_lgb, "LGBMClassifier"),
    "CatBoostClassifier": partial(_cat, "CatBoostClassifier"),
}
_REAL = {
    "XGBRegressor": partial(_xgb, "XGBRegressor"),
    "LGBMRegressor": partial(_lgb, "LGBMRegressor"),
    "CatBoostRegressor": partial(_cat, "CatBoostRegressor"),
}

_TASKS = [
    *(_case(f"{n}, {t}", make, t) for n, make in _BINARY.items() for t in ("binary", "three")),
    *(_case(f"{n}, missing values", make, "three", gaps=True) for n, make in _BINARY.items()),
    *(_case(f"{n}, regression", make, "real") for n, make in _REAL.items()),
    *(_case(f"{n}, large targets", make, "large") for n, make in _REAL.items()),
    *(_case(f"{n}, float64 rows", make, "real", single=False) for n, make in _REAL.items()),
    *(_case(f"{n}, float64 rows", make, "binary", single=False) for n, make in _BINARY.items()),
    *(_case(f"{n}, constant target", make, "constant") for n, make in _REAL.items() if n[0] != "C"),
    _case("LGBMClassifier, words", _BINARY["LGBMClassifier"], "words"),
    _case("CatBoostClassifier, words", _BINARY["CatBoostClassifier"], "words"),
]  # fmt: skip

_XGBOOST = [
    *(
        _case(f"XGBRegressor, {o}", partial(_xgb, "XGBRegressor", objective=o), t)
        for o, t in {
            "reg:logistic": "unit", "binary:logistic": "binary", "count:poisson": "counts",
            "reg:gamma": "positive", "reg:tweedie": "positive", "reg:squaredlogerror": "positive",
            "reg:absoluteerror": "real", "reg:pseudohubererror": "real", "survival:cox": "positive",
        }.items()
    ),
    _case("XGBRegressor, quantiles", partial(_xgb, "XGBRegressor", objective="reg:quantileerror", quantile_alpha=[0.1, 0.9])),
    _case("XGBClassifier, base_score 0.2", partial(_xgb, "XGBClassifier", base_score=0.2), "binary"),
    _case("XGBRegressor, base_score 7", partial(_xgb, "XGBRegressor", base_score=7.0)),
    _case("XGBRegressor, poisson base_score 2", partial(_xgb, "XGBRegressor", objective="count:poisson", base_score=2.0), "counts"),
    _case("XGBClassifier, multi:softmax", partial(_xgb, "XGBClassifier", objective="multi:softmax"), "three"),
    _case("XGBClassifier, hinge", partial(_xgb, "XGBClassifier", objective="binary:hinge"), "binary"),
    _case("XGBClassifier, logitraw", partial(_xgb, "XGBClassifier", objective="binary:logitraw"), "binary", refused="objective binary:logitraw"),
    _case("XGBClassifier, early stopping", partial(_xgb, "XGBClassifier", n_estimators=200, learning_rate=1, early_stopping_rounds=3), "three", fit=lambda r, w: _stop(r, w) | {"verbose": False}),
    _case("XGBRegressor, early stopping", partial(_xgb, "XGBRegressor", n_estimators=200, learning_rate=1, early_stopping_rounds=3), fit=lambda r, w: _stop(r, w) | {"verbose": False}),
    _case("XGBClassifier, dart", partial(_xgb, "XGBClassifier", booster="dart", rate_drop=0.5), "three"),
    _case("XGBRegressor, dart", partial(_xgb, "XGBRegressor", booster="dart", rate_drop=0.5)),
    _case("XGBRegressor, gblinear", partial(_xgb, "XGBRegressor", booster="gblinear", max_depth=None), refused="gblinear"),
    _case("XGBRegressor, two targets", _REAL["XGBRegressor"], "pair"),
    _case("XGBRegressor, multi_output_tree", partial(_xgb, "XGBRegressor", multi_strategy="multi_output_tree", tree_method="hist"), "pair"),
    _case("XGBRFClassifier", partial(_xgb, "XGBRFClassifier"), "three"),
    _case("XGBRFRegressor", partial(_xgb, "XGBRFRegressor")),
    _case("XGBClassifier, num_parallel_tree", partial(_xgb, "XGBClassifier", num_parallel_tree=3, subsample=0.5), "three"),
    _case("XGBRegressor, missing=-999", _minus_999, None),
    _case("XGBRegressor, categories", partial(_xgb, "XGBRegressor", feature_types=_KINDS["c"], enable_categorical=True)),
    _case("XGBClassifier, categories, gaps", partial(_xgb, "XGBClassifier", feature_types=_KINDS["c"], enable_categorical=True), "three", gaps=True),
    _case("XGBRegressor, one-hot categories", partial(_xgb, "XGBRegressor", feature_types=_KINDS["c"], enable_categorical=True, max_cat_to_onehot=100)),
    _case("XGBRegressor, pandas categories", partial(_pandas_categories, partial(_xgb, "XGBRegressor", enable_categorical=True)), None, refused="pandas type category"),
    _case("XGBRegressor, monotone", partial(_xgb, "XGBRegressor", monotone_constraints=(1, 0, 0, 0, 0))),
    _case("XGBRegressor, own objective", partial(_xgb, "XGBRegressor", objective=_own_objective)),
    _case("XGBClassifier, own objective", partial(_xgb, "XGBClassifier", objective=_own_objective), "binary", refused="Python function"),
    _case("XGBRanker", partial(_xgb, "XGBRanker"), "counts", fit=_groups),
    _case("XGBClassifier, named columns", _named_frame, None),
    *(
        _case(f"xgboost.Booster, {o}", partial(_raw_xgb, t, objective=o, **p), None)
        for o, t, p in (
            ("binary:logistic", "binary", {}), ("multi:softprob", "three", {"num_class": 3}),
            ("multi:softmax", "three", {"num_class": 3}), ("reg:squarederror", "offset", {}),
            ("binary:logitraw", "binary", {}), ("binary:hinge", "binary", {}),
        )
    ),
]  # fmt: skip

_LIGHTGBM = [
    *(
        _case(f"LGBMRegressor, {o}", partial(_lgb, "LGBMRegressor", objective=o), t)
        for o, t in {
            "poisson": "counts", "tweedie": "positive", "gamma": "positive", "quantile": "real",
            "regression_l1": "real", "huber": "real", "fair": "real", "mape": "offset",
            "cross_entropy": "unit", "cross_entropy_lambda": "unit",
        }.items()
    ),
    _case("LGBMRegressor, reg_sqrt", partial(_lgb, "LGBMRegressor", reg_sqrt=True)),
    _case("LGBMRegressor, no average", partial(_lgb, "LGBMRegressor", boost_from_average=False), "offset"),
    _case("LGBMRegressor, init_score", _REAL["LGBMRegressor"], fit=lambda r, w: {"init_score": np.full(_TRAINED, 2.0)}),
    _case("LGBMClassifier, sigmoid 3", partial(_lgb, "LGBMClassifier", sigmoid=3.0), "binary"),
    _case("LGBMClassifier, multiclassova", partial(_lgb, "LGBMClassifier", objective="multiclassova"), "three"),
    *(
        _case(f"LGBMClassifier, {b}", partial(_lgb, "LGBMClassifier", boosting_type=b, **p), t)
        for b, p in {
            "rf": {"bagging_freq": 1, "bagging_fraction": 0.5}, "dart": {}, "goss": {},
        }.items()
        for t in ("binary", "three")
    ),
    _case("LGBMRegressor, rf", partial(_lgb, "LGBMRegressor", boosting_type="rf", bagging_freq=1, bagging_fraction=0.5), "offset"),
    _case("LGBMRegressor, categories", partial(_lgb, "LGBMRegressor", categorical_feature=[4], min_data_per_group=5, cat_smooth=1)),
    _case("LGBMClassifier, categories, gaps", partial(_lgb, "LGBMClassifier", categorical_feature=[4], min_data_per_group=5, cat_smooth=1), "three", gaps=True),
    _case("LGBMRegressor, zero_as_missing", partial(_lgb, "LGBMRegressor", zero_as_missing=True)),
    _case("LGBMRegressor, zero_as_missing, gaps", partial(_lgb, "LGBMRegressor", zero_as_missing=True), gaps=True),
    _case("LGBMRegressor, linear_tree", partial(_lgb, "LGBMRegressor", linear_tree=True), refused="linear_tree"),
    _case("LGBMRegressor, pandas categories", partial(_pandas_categories, partial(_lgb, "LGBMRegressor")), None, refused="pandas type category"),
    _case("LGBMRegressor, own objective", partial(_lgb, "LGBMRegressor", objective=_own_objective)),
    _case("LGBMClassifier, own objective", partial(_lgb, "LGBMClassifier", objective=_own_objective), "binary", refused="Python function"),
    _case("LGBMRanker", partial(_lgb, "LGBMRanker"), "counts", fit=_groups),
    _case("LGBMClassifier, early stopping", partial(_lgb, "LGBMClassifier", n_estimators=200, learning_rate=1, early_stopping_round=3), "three", fit=_stop),
    *(
        _case(f"lightgbm.Booster, {o}", partial(_raw_lgb, t, objective=o, **p), None)
        for o, t, p in (
            ("binary", "binary", {}), ("multiclass", "three", {"num_class": 3}), ("regression", "offset", {}),
        )
    ),
]  # fmt: skip

_CATBOOST = [
    *(
        _case(f"CatBoostRegressor, {o}", partial(_cat, "CatBoostRegressor", loss_function=o), t)
        for o, t in {"Poisson": "counts", "Tweedie:variance_power=1.5": "positive", "MAE": "real", "Quantile:alpha=0.9": "real"}.items()
    ),
    _case("CatBoostRegressor, MultiRMSE", partial(_cat, "CatBoostRegressor", loss_function="MultiRMSE"), "pair"),
    _case("CatBoostRegressor, RMSEWithUncertainty", partial(_cat, "CatBoostRegressor", loss_function="RMSEWithUncertainty"), refused="RMSEWithUncertainty"),
    _case("CatBoostClassifier, MultiClassOneVsAll", partial(_cat, "CatBoostClassifier", loss_function="MultiClassOneVsAll"), "three"),
    _case("CatBoostClassifier, from average", partial(_cat, "CatBoostClassifier", boost_from_average=True), "binary"),
    *(_case(f"CatBoostRegressor, {g}", partial(_cat, "CatBoostRegressor", grow_policy=g)) for g in ("Depthwise", "Lossguide")),
    _case("CatBoostClassifier, Lossguide", partial(_cat, "CatBoostClassifier", grow_policy="Lossguide"), "three", gaps=True),
    _case("CatBoostRegressor, scaled", _scaled_catboost, None),
    _case("CatBoostClassifier, threshold 0.3", _threshold_catboost, None, refused="probability of 0.3"),
    _case("CatBoostClassifier, categories", _categories_catboost, None, refused="categorical features"),
    _case("CatBoostRanker, pairs", partial(_cat, "CatBoostRanker", loss_function="QueryRMSE"), "counts", fit=lambda r, w: {"group_id": np.repeat(np.arange(_TRAINED // 10), 10)}),
    *(_case(f"CatBoostClassifier, NaN {m}", partial(_cat, "CatBoostClassifier", nan_mode=m), "binary", gaps=True) for m in ("Min", "Max")),
    _case("CatBoostClassifier, early stopping", partial(_cat, "CatBoostClassifier", iterations=200, learning_rate=0.9, early_stopping_rounds=3), "three", fit=_stop),
    _case("CatBoostRanker", partial(_cat, "CatBoostRanker"), "counts", fit=lambda r, w: {"group_id": np.repeat(np.arange(_TRAINED // 10), 10)}),
]  # fmt: skip

_INSIDE = [
    *(_case(f"pipeline of {n}", lambda make=make: make_pipeline(StandardScaler(), make()), "three", single=False) for n, make in _BINARY.items()),
    *(_case(f"pipeline of {n}", lambda make=make: make_pipeline(StandardScaler(), make()), "real", single=False) for n, make in _REAL.items()),
    *(_case(f"table pipeline of {n}", partial(_table_pipeline, make), None) for n, make in _BINARY.items()),
    *(_case(f"voting of {n}", lambda make=make: VotingClassifier([("a", make()), ("b", LogisticRegression())], voting="soft", flatten_transform=False), "three") for n, make in _BINARY.items()),
    *(_case(f"stacking of {n}", lambda make=make: StackingClassifier([("a", make())], cv=2), "binary") for n, make in _BINARY.items()),
    *(_case(f"stacking of {n}", lambda make=make: StackingRegressor([("a", make())], final_estimator=Ridge(), cv=2)) for n, make in _REAL.items()),
    *(_case(f"calibrated {n}", lambda make=make: CalibratedClassifierCV(make(), cv=2), "binary") for n, make in _BINARY.items()),
    *(_case(f"MultiOutputRegressor of {n}", lambda make=make: MultiOutputRegressor(make()), "pair") for n, make in _REAL.items()),
]  # fmt: skip

CASES = (*_TASKS, *_XGBOOST, *_LIGHTGBM, *_CATBOOST, *_INSIDE)
