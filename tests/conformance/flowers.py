"""Published models for people to look at: a forest with features, and a table with text."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from coldpress.pipeline import export
from coldpress.registry import publish

__all__ = ["iris", "rents"]


def iris(folder):
    """Publish a classifier of three flowers by four features to a folder; gives its URI."""
    data = load_iris(as_frame=True)
    labels = data.target_names[data.target]
    model = RandomForestClassifier(20, random_state=0).fit(data.data, labels)
    return _published(model, data.data, folder, "iris")


def rents(folder):
    """Publish a regressor whose columns are inputs of their own, one of them text."""
    chance = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "rooms": chance.integers(1, 7, 60),
            "area": chance.uniform(20, 150, 60).round(1),
            "district": chance.choice(["centre", "north", "riverside"], 60),
        }
    )
    rent = rows["area"] * 14 + rows["rooms"] * 40
    text = make_column_transformer((OneHotEncoder(), ["district"]), remainder="passthrough")
    return _published(
        make_pipeline(text, LinearRegression()).fit(rows, rent), rows, folder, "rents"
    )


def _published(model, rows, folder, name):
    bundle = export(model, sample=rows, output=folder / f"{name}-bundle", name=name)
    return publish(bundle, str(folder / "store")).uri
