"""LightGBM on tables with pandas' type category: known, unseen and missing, also as text."""

from functools import partial
from io import StringIO

import numpy as np
import pandas as pd
from lightgbm import Booster, LGBMClassifier, LGBMRegressor

from tests.zoo.case import Built, Case

_ROWS, _TRAINED = 500, 300
_SMALL = {"n_estimators": 20, "num_leaves": 15, "verbose": -1, "n_jobs": 1}
_GROUPED = {"min_data_per_group": 5, "cat_smooth": 1}


def _table() -> tuple[pd.DataFrame, np.ndarray]:
    """Categories of words and of numbers; the rows that judge have some that training had not."""
    random, number = np.random.default_rng(0), np.arange(_ROWS)
    day, floor = random.integers(0, 7, _ROWS), random.integers(3, 7, _ROWS) * 10
    age, fare = random.normal(size=(2, _ROWS))
    score = age + fare / 3 + np.sin(day * 2) + (floor // 10 % 2)
    later = number >= _TRAINED
    days = pd.Series([f"day {each}" for each in day]).mask(later & (number % 7 == 0), "never")
    floors = pd.Series(np.where(later & (number % 9 == 0), 35, floor))
    table = pd.DataFrame({
        "age": age,
        "day": days.mask(number % 11 == 0).astype("category"),
        "home.dist": fare,
        "floor": floors.mask(number % 13 == 0).astype("category"),
    })  # fmt: skip
    return table, score


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(StringIO(table.to_csv(index=False)))


def _classifier(*, text: bool) -> Built:
    table, score = _table()
    wanted = np.array(["low", "mid", "high"])[np.digitize(score, [-1, 1])]
    model = LGBMClassifier(**_SMALL, **_GROUPED).fit(_trained(table), wanted[:_TRAINED])
    return _built(model, _as_text(table) if text else table)


def _regressor() -> Built:
    table, score = _table()
    table = table[["age", "day"]]
    model = LGBMRegressor(**_SMALL, **_GROUPED).fit(_trained(table), score[:_TRAINED])
    return _built(model, table)


def _booster() -> Built:
    """As it is read from a file."""
    table, score = _table()
    model = LGBMRegressor(**_SMALL, **_GROUPED).fit(_trained(table), score[:_TRAINED])
    return _built(Booster(model_str=model.booster_.model_to_string()), _as_text(table))


def _trained(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[:_TRAINED].copy()
    for name in rows.columns.intersection(["day", "floor"]):
        rows[name] = rows[name].cat.remove_unused_categories()
    return rows


def _built(model: object, table: pd.DataFrame) -> Built:
    # The columns may stand in any order.
    turned = table[table.columns[::-1]]
    return Built(model=model, sample=turned[:_TRAINED], fresh=turned[_TRAINED:])


_case = partial(Case, group="boosters", quick=False)
CASES = (
    Case(name="LGBMRegressor, pandas categories", group="boosters", build=_regressor),
    _case(
        name="LGBMClassifier, pandas categories, unseen and missing",
        build=partial(_classifier, text=False),
    ),
    _case(
        name="LGBMClassifier, a CSV file with categories, unseen and missing",
        build=partial(_classifier, text=True),
    ),
    _case(
        name="lightgbm.Booster, a CSV file with categories, unseen and missing",
        build=_booster,
    ),
)
