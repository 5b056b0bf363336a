"""Pipelines over tables with numbers, words, categories and flags, gaps in all, and texts."""

import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    compose,
    ensemble,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    neighbors,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

from tests.zoo.cases.sklearn_data import BINARY, RANDOM, ROWS, TARGET, THREE, TRAINED, held

_CITIES = ["Ulm", "Bonn", "Köln", "Oslo", "New York"]
_WORDS = ["good", "bad", "night", "a", "day", "Sun", "moon", "is", "grüße", "it's"]


def _gaps(values, missing=None, share=0.15):
    """A column with holes in it."""
    return pd.Series(values, dtype=object).where(RANDOM.random(ROWS) > share, missing)


NUMBERS = ["age", "home.dist"]
FULL = pd.DataFrame(
    {
        "age": RANDOM.normal(40, 9, ROWS),
        "home.dist": RANDOM.exponential(5, ROWS),
        "city": RANDOM.choice(_CITIES, ROWS, p=[0.5, 0.25, 0.15, 0.07, 0.03]),
        "grade": pd.Categorical(RANDOM.choice(["A", "B", "C"], ROWS)),
        "floor": pd.Categorical(RANDOM.integers(0, 4, ROWS)),
        "member": RANDOM.random(ROWS) > 0.5,
        "visits": RANDOM.integers(0, 9, ROWS),
    }
)
GAPPY = pd.DataFrame(
    {
        "age": FULL["age"].where(RANDOM.random(ROWS) > 0.15),
        "home.dist": FULL["home.dist"].where(RANDOM.random(ROWS) > 0.15),
        "city": _gaps(FULL["city"], np.nan),
        "grade": FULL["grade"].where(RANDOM.random(ROWS) > 0.15),
        "floor": FULL["floor"].where(RANDOM.random(ROWS) > 0.15),
        "member": _gaps(FULL["member"], np.nan),
        "visits": FULL["visits"].astype("Int64").where(RANDOM.random(ROWS) > 0.15),
    }
)


def _strange(values, stranger):
    """A column whose later rows, which judge, hold what its first ones have not."""
    later = (np.arange(ROWS) >= TRAINED) & (np.arange(ROWS) % 7 == 0)
    return pd.Series(values, dtype=object).mask(later, stranger)


STRANGE = GAPPY.drop(columns="member").assign(
    city=_strange(GAPPY["city"], "Rom"),
    grade=_strange(GAPPY["grade"], "E").astype("category"),
    floor=_strange(GAPPY["floor"], 11).astype("category"),
)
TEXTS = pd.Series(
    [" ".join(RANDOM.choice(_WORDS, RANDOM.integers(1, 8))) for _ in range(ROWS)], name="text"
)
MAIL = pd.DataFrame({"subject": TEXTS, "body": TEXTS[::-1].to_numpy(), "age": FULL["age"]})


def _half(values):
    return values / 2


def _filled(fill, encode, columns):
    return (pipeline.make_pipeline(fill, encode), columns)


def table(model, *, words, numbers=None, remainder="drop"):
    """A preprocessing of columns before a model."""
    numbers = numbers or pipeline.make_pipeline(
        impute.SimpleImputer(), preprocessing.StandardScaler()
    )
    columns = compose.make_column_transformer((numbers, NUMBERS), *words, remainder=remainder)
    return pipeline.make_pipeline(columns, model)


_FREQUENT = impute.SimpleImputer(strategy="most_frequent")
_CONSTANT = impute.SimpleImputer(strategy="constant", fill_value="none")
_ONE_HOT = preprocessing.OneHotEncoder(handle_unknown="ignore")
_ORDINAL = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
_KNOWN = preprocessing.OrdinalEncoder()
_MISSING_VALUE = preprocessing.OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
)
_RARE = preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.1)
_RARE_ORDINAL = preprocessing.OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=0.1
)
_TARGETED = preprocessing.TargetEncoder(random_state=0)
_FOREST = ensemble.RandomForestClassifier(8, random_state=0)
_LOGISTIC = linear_model.LogisticRegression()
_TEXTUAL = ["city", "grade"]

_GAPPY = {
    "most frequent, one-hot": [_filled(_FREQUENT, _ONE_HOT, _TEXTUAL)],
    "constant, one-hot": [_filled(_CONSTANT, _ONE_HOT, ["city"])],
    "constant, one-hot, of categories": [_filled(_CONSTANT, _ONE_HOT, ["grade"])],
    "most frequent, ordinal": [_filled(_FREQUENT, _ORDINAL, _TEXTUAL)],
    "one-hot with a missing category": [(_ONE_HOT, _TEXTUAL)],
    "ordinal with a missing category": [(_KNOWN, _TEXTUAL)],
    "ordinal, unknown and missing encoded": [(_MISSING_VALUE, _TEXTUAL)],
    "one-hot, infrequent": [(_RARE, _TEXTUAL)],
    "ordinal, infrequent": [(_RARE_ORDINAL, _TEXTUAL)],
    "target encoding": [(_TARGETED, _TEXTUAL)],
    "one-hot of numbers in categories": [(_ONE_HOT, ["floor"])],
    "ordinal of numbers in categories": [(_MISSING_VALUE, ["floor"])],
    "flags, most frequent": [_filled(_FREQUENT, _ONE_HOT, ["member"])],
    "flags, one-hot": [(_ONE_HOT, ["member"])],
    "whole numbers": [(impute.SimpleImputer(), ["visits"])],
    "all of them": [
        _filled(_FREQUENT, _ONE_HOT, ["city", "grade"]),
        _filled(_FREQUENT, _ORDINAL, ["floor"]),
        _filled(_FREQUENT, _ONE_HOT, ["member"]),
        (impute.SimpleImputer(add_indicator=True), ["visits"]),
    ],
}
# A missing category becomes NaN, which trees take and linear models don't.
_LEAVES_GAPS = {"ordinal with a missing category", "ordinal, infrequent"}
_FULL = {
    "one-hot": [(_ONE_HOT, _TEXTUAL)],
    "one-hot, first dropped": [(preprocessing.OneHotEncoder(drop="first"), _TEXTUAL)],
    "one-hot, dense, int": [
        (preprocessing.OneHotEncoder(sparse_output=False, dtype=np.int64), _TEXTUAL)
    ],
    "ordinal": [(_KNOWN, _TEXTUAL)],
    "target encoding": [(_TARGETED, _TEXTUAL)],
    "numbers in categories": [(_ONE_HOT, ["floor"])],
    "flags": [("passthrough", ["member"]), (_ONE_HOT, ["city"])],
    "whole numbers as categories": [(_ONE_HOT, ["visits"])],
}
_TEXT = {
    "CountVectorizer": CountVectorizer,
    "TfidfVectorizer": TfidfVectorizer,
    "TfidfVectorizer, two words, sublinear": lambda: TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True
    ),
    "TfidfVectorizer, stop words": lambda: TfidfVectorizer(stop_words=["is", "a"], min_df=2),
    "TfidfVectorizer, characters": lambda: TfidfVectorizer(analyzer="char", ngram_range=(1, 2)),
    "TfidfVectorizer, characters in words": lambda: TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 3)
    ),
    "CountVectorizer, characters as they are": lambda: CountVectorizer(
        analyzer="char", lowercase=False, binary=True
    ),
    "TfidfVectorizer, own pattern": lambda: TfidfVectorizer(token_pattern=r"[a-zA-Z]+"),
    "TfidfVectorizer, all but blanks": lambda: TfidfVectorizer(token_pattern=r"\S+"),
    "TfidfVectorizer, letters between bounds": lambda: TfidfVectorizer(
        token_pattern=r"(?u)\b[^\d\W]{2,}\b", ngram_range=(1, 2)
    ),
    "TfidfVectorizer, stop words between others": lambda: TfidfVectorizer(
        stop_words=["is", "a"], ngram_range=(1, 2)
    ),
    "CountVectorizer, pattern that looks ahead": lambda: CountVectorizer(
        token_pattern=r"\w+(?=\W)"
    ),
    "CountVectorizer, binary": lambda: CountVectorizer(binary=True),
    "CountVectorizer, accents stripped": lambda: CountVectorizer(strip_accents="unicode"),
}
_REFUSED = {
    "CountVectorizer, accents stripped": "with strip_accents",
    "CountVectorizer, pattern that looks ahead": "it looks ahead, behind or back",
}


def _pipelines():
    for what, words in _GAPPY.items():
        for name, model in (("forest", _FOREST), ("logistic", _LOGISTIC)):
            if model is _LOGISTIC and what in _LEAVES_GAPS:
                continue
            yield held(
                f"Table with gaps, {what}, {name}",
                lambda model=model, words=words: table(model, words=words),
                BINARY,
                rows=GAPPY,
                quick=what == "all of them",
            )
    for what, words in _FULL.items():
        yield held(
            f"Table, {what}, forest",
            lambda words=words: table(_FOREST, words=words),
            THREE,
            rows=FULL,
            quick=what == "one-hot",
        )
    for what, make in _TEXT.items():
        yield held(
            f"Text, {what}",
            lambda make=make: pipeline.make_pipeline(make(), _LOGISTIC),
            THREE,
            rows=TEXTS,
            quick=what in {"TfidfVectorizer", "TfidfVectorizer, characters in words"},
            refused=_REFUSED.get(what),
        )


SHOP = GAPPY.assign(text=TEXTS, income=RANDOM.exponential(5000, ROWS))


def _of_every_kind(model):
    """Encoders of targets, bins, texts, rare and missing words, and numbers before a model."""
    return pipeline.make_pipeline(
        compose.make_column_transformer(
            (_TARGETED, ["city"]),
            (preprocessing.KBinsDiscretizer(4, quantile_method="linear"), ["income"]),
            (TfidfVectorizer(), "text"),
            (_RARE, _TEXTUAL),
            (_filled(impute.SimpleImputer(), preprocessing.StandardScaler(), NUMBERS)),
        ),
        model,
    )


CASES = (
    *_pipelines(),
    held("Table, columns of every kind, logistic", lambda: _of_every_kind(_LOGISTIC), BINARY,
         rows=SHOP, quick=True),
    held("Table, columns of every kind, boosting",
         lambda: _of_every_kind(ensemble.HistGradientBoostingClassifier(max_iter=8)), THREE,
         rows=SHOP),
    held("OneHotEncoder", lambda: _ONE_HOT, rows=FULL[_TEXTUAL], quick=True),
    held("OneHotEncoder, gaps", lambda: _ONE_HOT, rows=GAPPY[_TEXTUAL], quick=True),
    held("OrdinalEncoder", lambda: _KNOWN, rows=FULL[_TEXTUAL]),
    held("OrdinalEncoder, gaps", lambda: _KNOWN, rows=GAPPY[_TEXTUAL]),
    held("TargetEncoder", lambda: _TARGETED, TARGET, rows=FULL[["city"]]),
    held("TargetEncoder, three classes", lambda: _TARGETED, THREE, rows=FULL[["city"]]),
    held("SimpleImputer, words", lambda: _FREQUENT, rows=GAPPY[["city"]]),
    held("CountVectorizer", CountVectorizer, rows=TEXTS),
    held("TfidfVectorizer", TfidfVectorizer, rows=TEXTS),
    held("HashingVectorizer", lambda: HashingVectorizer(n_features=64), rows=TEXTS,
         refused="no converter"),
    held("Table, remainder passed through",
         lambda: table(_FOREST, words=[(_ONE_HOT, _TEXTUAL)], remainder="passthrough"), THREE,
         rows=FULL.drop(columns=["floor"])),
    held("Table, columns by type",
         lambda: pipeline.make_pipeline(compose.make_column_transformer(
             (preprocessing.StandardScaler(), compose.make_column_selector(dtype_include="number")),
             (_ONE_HOT, compose.make_column_selector(dtype_exclude="number"))), _FOREST),
         THREE, rows=FULL),
    held("Table, union of features",
         lambda: pipeline.make_pipeline(pipeline.make_union(
             preprocessing.StandardScaler(), feature_selection.SelectKBest(k=1)), _LOGISTIC),
         BINARY, rows=FULL[[*NUMBERS, "visits"]]),
    held("Table, logarithms of numbers and counts",
         lambda: pipeline.make_pipeline(compose.make_column_transformer(
             (preprocessing.FunctionTransformer(np.log1p), ["home.dist", "visits"]),
             (preprocessing.FunctionTransformer(np.square, inverse_func=np.sqrt), ["age"]),
             (_ONE_HOT, _TEXTUAL)), _FOREST),
         THREE, rows=FULL, quick=True),
    held("Table, Python function",
         lambda: pipeline.make_pipeline(compose.make_column_transformer(
             (preprocessing.FunctionTransformer(_half), ["age"])), _FOREST),
         THREE, rows=FULL, quick=True, refused="Python function"),
    held("Table, linear SVM", lambda: table(svm.LinearSVC(), words=[(_ONE_HOT, _TEXTUAL)]),
         THREE, rows=FULL),
    held("Table, neighbours",
         lambda: table(neighbors.KNeighborsClassifier(), words=[(_ONE_HOT, _TEXTUAL)]), THREE,
         rows=FULL),
    held("Table, boosting of numbers",
         lambda: table(ensemble.HistGradientBoostingClassifier(max_iter=8),
                        words=[(_KNOWN, _TEXTUAL)], numbers="passthrough"), BINARY, rows=GAPPY),
    held("Table, boosting of categories",
         lambda: ensemble.HistGradientBoostingClassifier(
             max_iter=8, categorical_features="from_dtype"), BINARY,
         rows=FULL[["age", "grade"]], quick=True),
    held("Table, boosting of categories in a vote",
         lambda: ensemble.VotingClassifier([("boosting", ensemble.HistGradientBoostingClassifier(
             max_iter=8, categorical_features="from_dtype"))]), BINARY,
         rows=FULL[["age", "grade"]]),
    held("Table, boosting of categories, unseen and missing ones",
         lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, min_samples_leaf=5,
             categorical_features=["city", "grade", "floor"]), THREE, rows=STRANGE),
    held("Table, Poisson boosting of categories, unseen and missing ones",
         lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5,
             loss="poisson", categorical_features=["city", "grade"]), np.abs(TARGET),
         rows=STRANGE.drop(columns="floor")),
    held("Table, boosting of numbers in categories, unseen and missing ones",
         lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5), TARGET,
         rows=STRANGE[["age", "floor"]], quick=True),
    held("Table, boosting of encoded categories",
         lambda: pipeline.make_pipeline(
             compose.make_column_transformer((_ORDINAL, _TEXTUAL), remainder="passthrough"),
             ensemble.HistGradientBoostingClassifier(
                 max_iter=8, min_samples_leaf=5, categorical_features=[0, 1])), THREE,
         rows=STRANGE[["age", "home.dist", "city", "grade"]]),
    held("Table, calibrated boosting of categories",
         lambda: calibration.CalibratedClassifierCV(
             ensemble.HistGradientBoostingClassifier(max_iter=8), cv=2), BINARY,
         rows=FULL[["age", "grade"]]),
    held("Table, regression",
         lambda: table(ensemble.GradientBoostingRegressor(n_estimators=10),
                        words=[_filled(_FREQUENT, _ONE_HOT, _TEXTUAL)]), TARGET, rows=GAPPY),
    held("Table, search over the whole pipeline",
         lambda: model_selection.GridSearchCV(
             table(_LOGISTIC, words=[_filled(_CONSTANT, _ONE_HOT, ["city"])]),
             {"logisticregression__C": [0.1, 1]}, cv=3), BINARY, rows=GAPPY),
    held("Table, calibrated pipelines",
         lambda: ensemble.VotingClassifier(
             [("a", table(_LOGISTIC, words=[(_ONE_HOT, _TEXTUAL)])),
              ("b", table(_FOREST, words=[(_KNOWN, _TEXTUAL)]))], voting="soft"), BINARY,
         rows=FULL),
    held("Table, two texts",
         lambda: pipeline.make_pipeline(compose.make_column_transformer(
             (TfidfVectorizer(), "subject"), (CountVectorizer(), "body"),
             (preprocessing.StandardScaler(), ["age"])), _LOGISTIC), BINARY, rows=MAIL),
)  # fmt: skip
