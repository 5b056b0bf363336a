"""Boosters' own files: whole models come back as what they were; damaged ones crash nobody."""

import json
import sys

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost

from coldpress.errors import LoadError, MissingExtraError
from coldpress.load import load_model

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 3))
CLASSES = (ROWS[:, 0] > 0).astype(int)
SMALL = {"n_estimators": 3, "max_depth": 2}
QUIET = {"iterations": 3, "verbose": 0, "allow_writing_files": False}
CLASSIFIER = xgboost.XGBClassifier(**SMALL).fit(ROWS, CLASSES)
MATRIX = xgboost.DMatrix(ROWS, label=CLASSES)


def boosted(objective):
    """An XGBoost booster without scikit-learn's wrapper."""
    return xgboost.train({"objective": objective}, MATRIX, 3)


def forest():
    """A LightGBM classifier."""
    return lightgbm.LGBMClassifier(**SMALL, min_child_samples=2, verbose=-1).fit(ROWS, CLASSES)


def cat(kind, target, **options):
    """A CatBoost model."""
    return kind(**QUIET, **options).fit(ROWS, target)


def bytes_of(model, tmp_path, suffix):
    """What a model's own `save_model` writes."""
    path = tmp_path / f"written{suffix}"
    model.save_model(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("model", "suffix", "kind"),
    [
        pytest.param(CLASSIFIER, ".json", "XGBClassifier", id="xgboost-json"),
        pytest.param(CLASSIFIER, ".ubj", "XGBClassifier", id="xgboost-ubj"),
        pytest.param(xgboost.XGBRegressor(**SMALL).fit(ROWS, ROWS[:, 0]), ".ubj", "XGBRegressor",
                     id="xgboost-regressor"),
        pytest.param(boosted("binary:logistic"), ".json", "XGBClassifier", id="booster-logistic"),
        pytest.param(boosted("reg:squarederror"), ".json", "Booster", id="booster"),
        pytest.param(forest().booster_, ".txt", "Booster", id="lightgbm"),
        pytest.param(cat(catboost.CatBoostClassifier, CLASSES), ".cbm", "CatBoostClassifier",
                     id="catboost-classifier"),
        pytest.param(cat(catboost.CatBoostRegressor, ROWS[:, 0]), ".cbm", "CatBoostRegressor",
                     id="catboost-regressor"),
    ],
)  # fmt: skip
def test_native_files_need_no_trust(tmp_path, model, suffix, kind):
    """Each is read without trust, as the class that the file says, and answers alike."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(bytes_of(model, tmp_path, suffix))
    trained = load_model(path)
    assert type(trained.model).__name__ == kind
    assert trained.framework == type(model).__module__.partition(".")[0]
    assert trained.format == suffix[1:]
    raw = isinstance(model, xgboost.Booster)
    probabilities = raw and kind == "XGBClassifier"
    expected = model.predict(MATRIX if raw else ROWS)
    found = (
        trained.model.predict_proba(ROWS)[:, 1]
        if probabilities
        else trained.model.predict(MATRIX if raw else ROWS)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def damaged(data):
    """Ways in which a file can be damaged: cut off, and overwritten in places."""
    for share in (0.3, 0.95):
        at = int(len(data) * share)
        yield data[:at]
        yield data[:at] + b"\xff" * 8 + data[at + 8 :]


@pytest.mark.parametrize(
    ("model", "suffix"),
    [
        pytest.param(CLASSIFIER, ".ubj", id="xgboost-ubj"),
        pytest.param(CLASSIFIER, ".json", id="xgboost-json"),
        pytest.param(forest().booster_, ".txt", id="lightgbm"),
        pytest.param(cat(catboost.CatBoostClassifier, CLASSES), ".cbm", id="catboost"),
    ],
)
def test_damaged_files_end_in_one_sentence(tmp_path, model, suffix):
    """Some of these crash their library's reader; here each is a refusal, or is read whole."""
    path = tmp_path / f"model{suffix}"
    said = []
    for data in damaged(bytes_of(model, tmp_path, suffix)):
        path.write_bytes(data)
        try:
            load_model(path)
        except LoadError as error:
            said.append(str(error))
    assert len(said) >= 2
    assert all(words.startswith("model.") and "\n" not in words for words in said)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("m.json", b'{"a": 1}', "JSON but no XGBoost model", id="other-json"),
        pytest.param("m.json", b"[" * 100_000, "no JSON that can be read", id="deep-json"),
        pytest.param("m.json", b'{"learner": {}}', "JSON but no XGBoost model", id="no-trees"),
        pytest.param("m.ubj", json.dumps({"learner": 1}).encode(), "not UBJSON", id="json-as-ubj"),
        pytest.param("m.model", b"binf\0\0\0\0", "XGBoost's old binary format", id="old-binary"),
        pytest.param("m.txt", b"a,b\n1,2\n", "text but no LightGBM model", id="other-text"),
        pytest.param("m.txt", b"\xff\xfe", "not text", id="no-text"),
        pytest.param("m.txt", b"tree\nversion=v4\n", "is cut off", id="text-cut-off"),
        pytest.param("m.cbm", b"CBM2....", "no CatBoost model", id="no-magic"),
    ],
)
def test_other_content_is_explained(tmp_path, name, content, said):
    """What is no such model is told before a library sees it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=r"^m\.") as caught:
        load_model(tmp_path / name)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("model", "suffix", "module"),
    [
        pytest.param(CLASSIFIER, ".json", "xgboost", id="xgboost"),
        pytest.param(forest().booster_, ".txt", "lightgbm", id="lightgbm"),
        pytest.param(
            cat(catboost.CatBoostRegressor, ROWS[:, 0]), ".cbm", "catboost", id="catboost"
        ),
    ],
)
def test_missing_extras_say_what_to_type(tmp_path, monkeypatch, model, suffix, module):
    """Without its library, a file says which extra to install."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(bytes_of(model, tmp_path, suffix))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'coldpress\[{module}\]'"):
        load_model(path)
