"""Boosters: three libraries by three tasks, and everything that converters are known to get wrong."""

import numpy as np
import pandas as pd

from tests.zoo.case import Built, Case

GROUP = "boosters"
ROUNDS = 12


def _rows():
    random = np.random.default_rng(7)
    rows = random.normal(size=(300, 5)).astype(np.float32)
    signal = rows[:, 0] * 2 - rows[:, 1] + rows[:, 2] * rows[:, 3]
    return rows, signal


def _task(name):
    rows, signal = _rows()
    targets = {
        "binary": (signal > 0).astype(int),
        "multi-class": np.digitize(signal, [-1.0, 1.0]),
        "regression": signal,
        "counts": np.abs(signal).round(),
        "positive": np.abs(signal) + 0.1,
        "targets": np.column_stack([signal, -signal * 3]),
        "relevance": np.digitize(signal, [-1.0, 1.0]),
        "words": np.where(signal > 0, "good", "bad"),
    }
    return rows, targets[name]


def _built(model, rows, **more):
    return Built(model=model, sample=rows[:200], fresh=rows[200:], **more)


def _xgb(kind, task, **parameters):
    def build():
        import xgboost

        rows, target = _task(task)
        model = getattr(xgboost, kind)(n_estimators=ROUNDS, max_depth=4, **parameters)
        return _built(model.fit(rows, target), rows)

    return build


def _lgb(kind, task, **parameters):
    def build():
        import lightgbm

        rows, target = _task(task)
        settings = {"n_estimators": ROUNDS, "num_leaves": 15, "verbose": -1} | parameters
        return _built(getattr(lightgbm, kind)(**settings).fit(rows, target), rows)

    return build


def _cat(kind, task, **parameters):
    def build():
        import catboost

        rows, target = _task(task)
        model = getattr(catboost, kind)(
            iterations=ROUNDS, depth=4, verbose=0, allow_writing_files=False, **parameters
        )
        return _built(model.fit(rows, target), rows)

    return build


def _xgb_early():
    import xgboost

    rows, target = _task("binary")
    noise = np.random.default_rng(1).permutation(target[200:])
    model = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2)
    return _built(
        model.fit(rows[:200], target[:200], eval_set=[(rows[200:], noise)], verbose=0), rows
    )


def _xgb_ranker():
    import xgboost

    rows, target = _task("relevance")
    model = xgboost.XGBRanker(n_estimators=ROUNDS)
    return _built(model.fit(rows, target, qid=np.repeat(np.arange(30), 10)), rows)


def _lgb_ranker():
    import lightgbm

    rows, target = _task("relevance")
    model = lightgbm.LGBMRanker(n_estimators=ROUNDS, verbose=-1)
    return _built(model.fit(rows, target, group=[10] * 30), rows)


def _xgb_booster():
    import xgboost

    rows, target = _task("binary")
    names = [f"column {i}" for i in range(5)]
    data = xgboost.DMatrix(rows, target, feature_names=names)
    model = xgboost.train({"objective": "binary:logistic"}, data, ROUNDS)
    return _built(model, pd.DataFrame(rows, columns=names))


def _lgb_booster():
    import lightgbm

    rows, target = _task("multi-class")
    parameters = {"objective": "multiclass", "num_class": 3, "verbose": -1}
    return _built(lightgbm.train(parameters, lightgbm.Dataset(rows, target), ROUNDS), rows)


def _with_gaps(build):
    def gaps():
        built = build()
        for rows in (built.sample, built.fresh):
            rows[::7, 1] = np.nan
        return built

    return gaps


def _trained_with_gaps(kind, library, **parameters):
    def build():
        from importlib import import_module

        rows, target = _task("binary")
        rows = rows.copy()
        rows[::5, 0] = parameters.get("missing", np.nan)
        model = getattr(import_module(library), kind)(n_estimators=ROUNDS, **parameters)
        return _built(model.fit(rows, target), rows)

    return build


def _float64(build):
    def wide():
        built = build()
        step = np.random.default_rng(2).normal(size=built.sample.shape) * 1e-9
        return Built(model=built.model, sample=built.sample + step, fresh=built.fresh * 1.0)

    return wide


def _pipeline(make, task="binary"):
    def build():
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rows, target = _task(task)
        return _built(make_pipeline(StandardScaler(), make()).fit(rows, target), rows)

    return build


def _frame_pipeline():
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from xgboost import XGBClassifier

    rows, target = _task("binary")
    frame = pd.DataFrame(rows, columns=list("abcde"))
    frame["town"] = np.random.default_rng(3).choice(["Ulm", "Jena", "Kiel"], len(frame))
    encode = make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough")
    model = make_pipeline(encode, XGBClassifier(n_estimators=ROUNDS)).fit(frame, target)
    return _built(model, frame)


def _voting():
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import VotingClassifier
    from xgboost import XGBClassifier

    rows, target = _task("multi-class")
    members = [
        ("x", XGBClassifier(n_estimators=ROUNDS)),
        ("l", LGBMClassifier(n_estimators=ROUNDS, verbose=-1)),
    ]
    return _built(VotingClassifier(members, voting="soft").fit(rows, target), rows)


def _make_xgb():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=ROUNDS)


def _make_lgb():
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=ROUNDS, verbose=-1)


def _make_cat():
    from catboost import CatBoostClassifier

    return CatBoostClassifier(iterations=ROUNDS, verbose=0, allow_writing_files=False)


def _categories(kind, library, **parameters):
    def build():
        from importlib import import_module

        rows, target = _task("binary")
        frame = pd.DataFrame(rows[:, :2], columns=["a", "b"])
        frame["c"] = pd.Series(np.random.default_rng(4).integers(0, 30, len(rows))).astype(
            "category"
        )
        target = target ^ (frame["c"].cat.codes.to_numpy() % 2)
        model = getattr(import_module(library), kind)(n_estimators=ROUNDS, **parameters)
        return _built(model.fit(frame, target), frame.assign(c=frame["c"].cat.codes.astype(float)))

    return build


def _cat_categories():
    from catboost import CatBoostClassifier

    rows, target = _task("binary")
    frame = pd.DataFrame(rows[:, :2], columns=["a", "b"])
    frame["c"] = np.random.default_rng(4).integers(0, 3, len(rows))
    model = CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False)
    return _built(model.fit(frame, target, cat_features=["c"]), frame)


def _case(name, build, refused=None):
    return Case(name=name, group=GROUP, build=build, refused=refused)


CASES = (
    _case("XGBClassifier, binary", _xgb("XGBClassifier", "binary")),
    _case("XGBClassifier, multi-class", _xgb("XGBClassifier", "multi-class")),
    _case("XGBRegressor", _xgb("XGBRegressor", "regression")),
    _case("XGBRegressor, logistic (onnxmltools#646)",
          _xgb("XGBRegressor", "binary", objective="reg:logistic")),
    *(_case(f"XGBRegressor, {objective}", _xgb("XGBRegressor", task, objective=objective))
      for objective, task in (("count:poisson", "counts"), ("reg:gamma", "positive"),
                              ("reg:tweedie", "positive"), ("reg:absoluteerror", "regression"),
                              ("reg:pseudohubererror", "regression"))),
    _case("XGBRegressor, DART", _xgb("XGBRegressor", "regression", booster="dart", rate_drop=0.3)),
    _case("XGBRegressor, linear", _xgb("XGBRegressor", "regression", booster="gblinear")),
    _case("XGBRegressor, several targets", _xgb("XGBRegressor", "targets")),
    _case("XGBRegressor, vector leaves",
          _xgb("XGBRegressor", "targets", multi_strategy="multi_output_tree")),
    _case("XGBRFClassifier", _xgb("XGBRFClassifier", "binary")),
    _case("XGBRFRegressor", _xgb("XGBRFRegressor", "regression")),
    _case("XGBRanker", _xgb_ranker),
    _case("XGBClassifier, stopped early", _xgb_early),
    _case("XGBClassifier, single leaves (onnxruntime#27533)",
          _xgb("XGBClassifier", "binary", gamma=1e9)),
    _case("XGBClassifier, missing values", _trained_with_gaps("XGBClassifier", "xgboost")),
    _case("XGBClassifier, -999 for missing",
          _trained_with_gaps("XGBClassifier", "xgboost", missing=-999.0)),
    _case("xgboost.Booster, named columns (onnxmltools#533)", _xgb_booster),
    _case("XGBClassifier, categories", _categories("XGBClassifier", "xgboost",
          enable_categorical=True, max_cat_to_onehot=1), refused="splits on categories"),
    _case("LGBMClassifier, binary", _lgb("LGBMClassifier", "binary")),
    _case("LGBMClassifier, words", _lgb("LGBMClassifier", "words")),
    _case("LGBMClassifier, multi-class", _lgb("LGBMClassifier", "multi-class")),
    _case("LGBMClassifier, one against all",
          _lgb("LGBMClassifier", "multi-class", objective="multiclassova")),
    _case("LGBMRegressor", _lgb("LGBMRegressor", "regression")),
    _case("LGBMRegressor, float64 rows (onnxmltools#708)",
          _float64(_lgb("LGBMRegressor", "regression"))),
    *(_case(f"LGBMRegressor, {objective}", _lgb("LGBMRegressor", task, objective=objective))
      for objective, task in (("poisson", "counts"), ("gamma", "positive"), ("tweedie", "positive"),
                              ("quantile", "regression"), ("mape", "positive"),
                              ("cross_entropy", "binary"), ("cross_entropy_lambda", "binary"))),
    _case("LGBMRegressor, square root", _lgb("LGBMRegressor", "positive", reg_sqrt=True)),
    _case("LGBMRegressor, forest", _lgb("LGBMRegressor", "regression", boosting_type="rf",
          bagging_freq=1, bagging_fraction=0.5)),
    _case("LGBMRegressor, DART", _lgb("LGBMRegressor", "regression", boosting_type="dart")),
    _case("LGBMRanker", _lgb_ranker),
    _case("LGBMClassifier, missing values", _trained_with_gaps("LGBMClassifier", "lightgbm",
          verbose=-1)),
    _case("LGBMClassifier, gaps in rows only", _with_gaps(_lgb("LGBMClassifier", "binary"))),
    _case("lightgbm.Booster, multi-class", _lgb_booster),
    _case("LGBMRegressor, linear leaves", _lgb("LGBMRegressor", "regression", linear_tree=True),
          refused="linear leaves"),
    _case("LGBMClassifier, categories", _categories("LGBMClassifier", "lightgbm", verbose=-1),
          refused="splits on categories"),
    _case("CatBoostClassifier, binary", _cat("CatBoostClassifier", "binary")),
    _case("CatBoostClassifier, words", _cat("CatBoostClassifier", "words")),
    _case("CatBoostClassifier, multi-class", _cat("CatBoostClassifier", "multi-class")),
    _case("CatBoostRegressor", _cat("CatBoostRegressor", "regression")),
    _case("CatBoostRegressor, Poisson", _cat("CatBoostRegressor", "counts",
          loss_function="Poisson")),
    _case("CatBoostRegressor, several targets (catboost#1940)",
          _cat("CatBoostRegressor", "targets", loss_function="MultiRMSE"),
          refused="several targets"),
    _case("CatBoostClassifier, categories", _cat_categories, refused="categorical"),
    _case("Pipeline of a scaler and XGBClassifier", _pipeline(_make_xgb)),
    _case("Pipeline of a scaler and LGBMRegressor", _pipeline(_make_lgb, "regression")),
    _case("Pipeline of a scaler and CatBoostClassifier", _pipeline(_make_cat)),
    _case("Pipeline over a table and XGBClassifier", _frame_pipeline),
    _case("VotingClassifier of XGBoost and LightGBM", _voting),
)  # fmt: skip
