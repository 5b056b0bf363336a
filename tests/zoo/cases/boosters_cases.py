"""XGBoost, LightGBM and CatBoost: each task, each kind of trees, and what is known to go wrong."""

import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import chain
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
from tests.zoo.cases.boosters_tables import CASES as _TABLES

_ROWS, _TRAINED = 500, 300
_COLUMNS = ["age", "fare", "f9", "home.dest", "kind of day"]
_SMALL: dict[str, dict[str, Any]] = {
    "xgboost": {"n_estimators": 20, "max_depth": 4, "n_jobs": 1},
    "lightgbm": {"n_estimators": 20, "num_leaves": 15, "verbose": -1, "n_jobs": 1},
    "catboost": {
        "iterations": 20,
        "depth": 4,
        "verbose": False,
        "allow_writing_files": False,
        "thread_count": 1,
    },
}
_LIBRARIES = {"XGB": "xgboost", "LGB": "lightgbm", "Cat": "catboost"}
_CLASSIFIERS = ("XGBClassifier", "LGBMClassifier", "CatBoostClassifier")
_REGRESSORS = ("XGBRegressor", "LGBMRegressor", "CatBoostRegressor")


def _rows(*, single: bool = True, gaps: bool = False):
    random = np.random.default_rng(0)
    rows = random.normal(size=(_ROWS, 5)) * [1, 2, 0.5, 3, 1]
    rows[:, 4] = random.integers(0, 7, _ROWS)
    score = rows @ [1.0, 0.4, 1.0, 0.2, 0.0] + np.sin(rows[:, 4] * 2)
    if gaps:
        rows[::5, 1] = np.nan
    return (rows.astype(np.float32) if single else rows), score


_TARGETS: dict[str, Callable[[Any], Any]] = {
    "binary": lambda score: (score > 0).astype(int),
    "three classes": lambda score: np.digitize(score, [-1, 1]),
    "words": lambda score: np.array(["low", "mid", "high"])[np.digitize(score, [-1, 1])],
    "regression": lambda score: score,
    "positive": lambda score: np.exp(score / 3),
    "counts": lambda score: np.random.default_rng(1).poisson(np.exp(score / 3)),
    "shares": lambda score: 1 / (1 + np.exp(-score)),
    "two targets": lambda score: np.c_[score, 1 - score],
    "large": lambda score: score * 1e6 + 1e7,
    "constant": lambda score: np.full(len(score), 3.25),
    "offset": lambda score: score + 3,
}


def _learner(kind: str, **options: Any) -> Any:
    library = _LIBRARIES[kind[:3]]
    return getattr(import_module(library), kind)(**_SMALL[library] | options)


def _trained(make: Callable[[], Any], target: str, fit: Any = None, **data: bool) -> Built:
    rows, score = _rows(**data)
    wanted = _TARGETS[target](score)
    model = make().fit(rows[:_TRAINED], wanted[:_TRAINED], **(fit(rows, wanted) if fit else {}))
    return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _on_table(make: Callable[[], Any], target: str, change: Callable[[pd.DataFrame], Any]) -> Built:
    rows, score = _rows()
    table = change(pd.DataFrame(rows, columns=_COLUMNS))
    model = make().fit(table[:_TRAINED], _TARGETS[target](score)[:_TRAINED])
    # The columns may stand in any order.
    turned = table[table.columns[::-1]]
    return Built(model=model, sample=turned[:_TRAINED], fresh=turned[_TRAINED:])


def _case(name: str, build: Callable[[], Built], refused: str | None = None, *, quick: bool = True):
    def quiet() -> Built:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return build()

    return Case(name=name, group="boosters", build=quiet, refused=refused, quick=quick)


def _of(kind: str, note: str = "", target: str = "regression", **more: Any) -> Case:
    """A learner of its own; what is not for the case or its rows is an option of the learner."""
    about = {name: more.pop(name) for name in ("refused", "quick") if name in more}
    data = {name: more.pop(name) for name in ("fit", "single", "gaps") if name in more}
    build = partial(_trained, partial(_learner, kind, **more), target, **data)
    return _case(f"{kind}, {note or target}", build, **about)


def _raw(library: str, target: str, **parameters: Any) -> Case:
    """A booster of the library's own, without scikit-learn's face."""

    def build() -> Built:
        module = import_module(library)
        rows, score = _rows(single=library == "xgboost")
        wanted = _TARGETS[target](score)[:_TRAINED]
        data = (module.DMatrix if library == "xgboost" else module.Dataset)(rows[:_TRAINED], wanted)
        model = module.train({"nthread": 1, "verbosity": 0} | parameters, data, 20)
        return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])

    return _case(f"{library}.Booster, {parameters['objective']}", build)


def _groups(_rows: Any, _wanted: Any) -> dict[str, Any]:
    return {"group": [10] * (_TRAINED // 10)}


def _queries(_rows: Any, _wanted: Any) -> dict[str, Any]:
    return {"group_id": np.repeat(np.arange(_TRAINED // 10), 10)}


def _watched(rows: Any, wanted: Any) -> dict[str, Any]:
    return {"eval_set": [(rows[_TRAINED:], wanted[_TRAINED:])]}


def _watched_silently(rows: Any, wanted: Any) -> dict[str, Any]:
    return _watched(rows, wanted) | {"verbose": False}


def _squares(actual: Any, predicted: Any) -> Any:
    return predicted - actual, np.ones_like(actual)


def _with_days(table: pd.DataFrame) -> pd.DataFrame:
    days = pd.Categorical([f"day {int(day)}" for day in table["kind of day"]])
    return table.assign(**{"kind of day": days})


def _with_numbered_days(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{"kind of day": table["kind of day"].astype(int)})


def _with_words(table: pd.DataFrame) -> pd.DataFrame:
    words = np.array(["young", "old"])[(table["age"] > 0).astype(int)]
    return table.astype(np.float64).assign(word=words)


def _marked_gaps() -> Built:
    rows, score = _rows()
    rows[::4, 0] = -999
    model = _learner("XGBRegressor", missing=-999).fit(rows[:_TRAINED], score[:_TRAINED])
    return Built(model=model, sample=rows[:_TRAINED], fresh=rows[_TRAINED:])


def _changed(kind: str, target: str, method: str, *arguments: float) -> Built:
    built = _trained(partial(_learner, kind), target)
    getattr(built.model, method)(*arguments)
    return built


def _of_words(kind: str) -> Any:
    columns = [("word", OneHotEncoder(), ["word"]), ("rest", StandardScaler(), _COLUMNS)]
    return make_pipeline(ColumnTransformer(columns), _learner(kind))


def _inside(name: str, kind: str, target: str, wrap: Callable[[Any], Any], **more: bool) -> Case:
    quick = name == "pipeline"
    build = partial(_trained, lambda: wrap(_learner(kind)), target, **more)
    return _case(f"{name} of {kind}", build, quick=quick)


_TASKS = chain(
    (_of(kind, "", target) for kind in _CLASSIFIERS for target in ("binary", "three classes")),
    (_of(kind) for kind in _REGRESSORS),
    (_of(kind, "missing values", "three classes", gaps=True) for kind in _CLASSIFIERS),
    (_of(kind, "large targets", "large", quick=False) for kind in _REGRESSORS),
    (_of(kind, "float64 rows", "regression", single=False) for kind in _REGRESSORS),
    (_of(kind, "float64 rows", "binary", single=False, quick=False) for kind in _CLASSIFIERS),
    # CatBoost does not train on a constant.
    (_of(kind, "constant target", "constant") for kind in _REGRESSORS[:2]),
    (_of(kind, "", "words") for kind in _CLASSIFIERS[1:]),
)
_OBJECTIVES = chain(
    (
        _of("XGBRegressor", objective, target, objective=objective)
        for objective, target in {
            "reg:logistic": "shares",
            "binary:logistic": "binary",
            "count:poisson": "counts",
            "reg:gamma": "positive",
            "reg:tweedie": "positive",
            "reg:squaredlogerror": "positive",
            "reg:absoluteerror": "regression",
            "reg:pseudohubererror": "regression",
            "survival:cox": "positive",
        }.items()
    ),
    (
        _of("LGBMRegressor", objective, target, objective=objective)
        for objective, target in {
            "poisson": "counts",
            "tweedie": "positive",
            "gamma": "positive",
            "quantile": "regression",
            "regression_l1": "regression",
            "huber": "regression",
            "fair": "regression",
            "mape": "offset",
            "cross_entropy": "shares",
            "cross_entropy_lambda": "shares",
        }.items()
    ),
    (
        _of("CatBoostRegressor", loss, target, loss_function=loss)
        for loss, target in {
            "Poisson": "counts",
            "Tweedie:variance_power=1.5": "positive",
            "MAE": "regression",
            "Quantile:alpha=0.9": "regression",
            "MultiRMSE": "two targets",
        }.items()
    ),
    (
        _raw("xgboost", "binary", objective="binary:logistic"),
        _raw("xgboost", "binary", objective="binary:logitraw"),
        _raw("xgboost", "binary", objective="binary:hinge"),
        _raw("xgboost", "three classes", objective="multi:softprob", num_class=3),
        _raw("xgboost", "three classes", objective="multi:softmax", num_class=3),
        _raw("xgboost", "offset", objective="reg:squarederror"),
        _raw("lightgbm", "binary", objective="binary"),
        _raw("lightgbm", "three classes", objective="multiclass", num_class=3),
        _raw("lightgbm", "offset", objective="regression"),
    ),
)
_CATEGORIES: dict[str, Any] = {"feature_types": [*"qqqqc"], "enable_categorical": True}
_STOPPING: dict[str, Any] = {"n_estimators": 200, "learning_rate": 1.0}
_LGB_STOPPING = _STOPPING | {"early_stopping_round": 3}
_XGB_STOPPING = _STOPPING | {"early_stopping_rounds": 3}
_XGBOOST = (
    _of("XGBRegressor", "quantiles", objective="reg:quantileerror", quantile_alpha=[0.1, 0.9]),
    _of("XGBClassifier", "base_score 0.2", "binary", base_score=0.2),
    _of("XGBRegressor", "base_score 7", base_score=7.0),
    _of("XGBRegressor", "base_score 2", "counts", objective="count:poisson", base_score=2.0),
    _of("XGBClassifier", "multi:softmax", "three classes", objective="multi:softmax"),
    _of("XGBClassifier", "binary:hinge", "binary", objective="binary:hinge"),
    _of("XGBClassifier", "logitraw", "binary", objective="binary:logitraw", refused="logitraw"),
    _of("XGBClassifier", "early stopping", "three classes", fit=_watched_silently, **_XGB_STOPPING),
    _of("XGBRegressor", "early stopping", fit=_watched_silently, **_XGB_STOPPING),
    _of("XGBClassifier", "dart", "three classes", booster="dart", rate_drop=0.5),
    _of("XGBRegressor", "dart", booster="dart", rate_drop=0.5),
    _of("XGBRegressor", "gblinear", booster="gblinear", max_depth=None, refused="gblinear"),
    _of("XGBRegressor", "", "two targets"),
    _of("XGBRegressor", "multi_output_tree", "two targets", multi_strategy="multi_output_tree"),
    _of("XGBRFClassifier", "", "three classes"),
    _of("XGBRFRegressor"),
    _of("XGBClassifier", "parallel trees", "binary", num_parallel_tree=3, subsample=0.5),
    _case("XGBRegressor, missing=-999", _marked_gaps),
    _of("XGBRegressor", "categories", **_CATEGORIES),
    _of("XGBClassifier", "categories and gaps", "three classes", gaps=True, **_CATEGORIES),
    _of("XGBRegressor", "one-hot categories", max_cat_to_onehot=100, **_CATEGORIES),
    _case(
        "XGBRegressor, pandas categories",
        partial(
            _on_table,
            partial(_learner, "XGBRegressor", enable_categorical=True),
            "regression",
            _with_days,
        ),
        refused="pandas type category",
    ),
    _of("XGBRegressor", "monotone", monotone_constraints=(1, 0, 0, 0, 0)),
    _of("XGBRegressor", "own objective", objective=_squares),
    _of("XGBClassifier", "own objective", "binary", objective=_squares, refused="Python function"),
    _of("XGBRanker", "", "counts", fit=_groups),
    _case(
        "XGBClassifier, named columns",
        partial(_on_table, partial(_learner, "XGBClassifier"), "binary", lambda table: table),
    ),
)
_SETS: dict[str, Any] = {"categorical_feature": [4], "min_data_per_group": 5, "cat_smooth": 1}
_BAGGED: dict[str, Any] = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
_LIGHTGBM = (
    _of("LGBMRegressor", "reg_sqrt", reg_sqrt=True),
    _of("LGBMRegressor", "not from average", "offset", boost_from_average=False),
    _of("LGBMRegressor", "init_score", fit=lambda *_: {"init_score": np.full(_TRAINED, 2.0)}),
    _of("LGBMClassifier", "sigmoid 3", "binary", sigmoid=3.0),
    _of("LGBMClassifier", "multiclassova", "three classes", objective="multiclassova"),
    _of("LGBMRegressor", "rf", "offset", **_BAGGED),
    _of("LGBMClassifier", "rf", "binary", **_BAGGED),
    _of("LGBMClassifier", "rf, three classes", "three classes", **_BAGGED),
    _of("LGBMClassifier", "dart", "three classes", boosting_type="dart"),
    _of("LGBMRegressor", "dart", boosting_type="dart"),
    _of("LGBMClassifier", "goss", "three classes", boosting_type="goss"),
    _of("LGBMRegressor", "categories", **_SETS),
    _of("LGBMClassifier", "categories and gaps", "three classes", gaps=True, **_SETS),
    _of("LGBMRegressor", "zero_as_missing", zero_as_missing=True),
    _of("LGBMRegressor", "zero_as_missing and gaps", gaps=True, zero_as_missing=True),
    _of("LGBMRegressor", "linear_tree", linear_tree=True, refused="linear_tree"),
    _of("LGBMRegressor", "own objective", objective=_squares),
    _of("LGBMClassifier", "own objective", "binary", objective=_squares, refused="Python function"),
    _of("LGBMRanker", "", "counts", fit=_groups),
    _of("LGBMClassifier", "early stopping", "three classes", fit=_watched, **_LGB_STOPPING),
)
_CATBOOST = (
    _of(
        "CatBoostRegressor", "uncertainty", refused="RMSEWith", loss_function="RMSEWithUncertainty"
    ),
    _of(
        "CatBoostClassifier", "one against all", "three classes", loss_function="MultiClassOneVsAll"
    ),
    _of("CatBoostClassifier", "from average", "binary", boost_from_average=True),
    _of("CatBoostRegressor", "Depthwise", grow_policy="Depthwise"),
    _of("CatBoostRegressor", "Lossguide", grow_policy="Lossguide"),
    _of("CatBoostClassifier", "Lossguide", "three classes", gaps=True, grow_policy="Lossguide"),
    _of("CatBoostClassifier", "gaps below", "binary", gaps=True, nan_mode="Min"),
    _of("CatBoostClassifier", "gaps above", "binary", gaps=True, nan_mode="Max"),
    _of(
        "CatBoostClassifier",
        "early stopping",
        "three classes",
        fit=_watched,
        learning_rate=0.9,
        iterations=200,
        early_stopping_rounds=3,
    ),
    _of("CatBoostRanker", "YetiRank", "counts", fit=_queries),
    _of("CatBoostRanker", "QueryRMSE", "counts", fit=_queries, loss_function="QueryRMSE"),
    _case(
        "CatBoostRegressor, scaled",
        partial(_changed, "CatBoostRegressor", "regression", "set_scale_and_bias", 2.5, 1.5),
    ),
    _case(
        "CatBoostClassifier, threshold 0.3",
        partial(_changed, "CatBoostClassifier", "binary", "set_probability_threshold", 0.3),
        refused="probability of 0.3",
    ),
    _case(
        "CatBoostClassifier, categories",
        partial(
            _on_table,
            partial(_learner, "CatBoostClassifier", cat_features=["kind of day"]),
            "binary",
            _with_numbered_days,
        ),
        refused="categorical features",
    ),
)
_INSIDE = (
    *(
        _inside(name, kind, target, wrap)
        for name, target, wrap in (
            ("pipeline", "three classes", lambda own: make_pipeline(StandardScaler(), own)),
            ("stacking", "binary", lambda own: StackingClassifier([("own", own)], cv=2)),
            ("calibration", "binary", lambda own: CalibratedClassifierCV(own, cv=2)),
            (
                "voting",
                "three classes",
                lambda own: VotingClassifier(
                    [("own", own), ("linear", LogisticRegression())],
                    voting="soft",
                    flatten_transform=False,
                ),
            ),
        )
        for kind in _CLASSIFIERS
    ),
    *(
        _inside(name, kind, target, wrap)
        for name, target, wrap in (
            ("pipeline", "regression", lambda own: make_pipeline(StandardScaler(), own)),
            (
                "stacking",
                "regression",
                lambda own: StackingRegressor([("own", own)], Ridge(), cv=2),
            ),
            ("MultiOutputRegressor", "two targets", MultiOutputRegressor),
        )
        for kind in _REGRESSORS
    ),
    *(
        _case(
            f"table pipeline of {kind}",
            partial(_on_table, partial(_of_words, kind), "three classes", _with_words),
        )
        for kind in _CLASSIFIERS
    ),
)

CASES = (*_TASKS, *_OBJECTIVES, *_XGBOOST, *_LIGHTGBM, *_TABLES, *_CATBOOST, *_INSIDE)
