"""What probes brought to light in exports of scikit-learn, each right now, or refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from coldpress.exporters import reference
from coldpress.load import model_of
from coldpress.pipeline import export
from coldpress.sample import Sample
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(200, 3)) * [1, 2, 0.5]
BINARY = (MATRIX[:, 0] + MATRIX[:, 1] / 3 > 0).astype(int)
WORDS = ["good", "bad", "day", "night", "the", "quick", "fox", "7", "x9", "e-mail", "it's"]
TEXTS = pd.DataFrame({"text": [" ".join(RANDOM.choice(WORDS, 6)) for _ in range(60)]})
EITHER = np.arange(60) % 2


def accepted(bundle):
    """The names of the probes that were compared."""
    return {probe.name for probe in bundle.certificate().probes if probe.accepted}


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(DecisionTreeClassifier(random_state=0), id="tree"),
        pytest.param(RandomForestClassifier(5, random_state=0), id="forest"),
        pytest.param(ExtraTreesRegressor(5, random_state=0), id="extra trees"),
        pytest.param(BaggingClassifier(n_estimators=3, max_features=2), id="bagging"),
        pytest.param(
            make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)), id="scaled"
        ),
        pytest.param(IsolationForest(n_estimators=5, random_state=0), id="isolation forest"),
    ],
)
def test_trees_send_missing_values_where_the_original_does(model, tmp_path):
    """Trees know a way for missing values, though they have never seen one; skl2onnx drops it."""
    model.fit(MATRIX, BINARY)
    bundle = export(model, sample=MATRIX, output=tmp_path / "bundle")
    assert {"missing values", "thresholds"} <= accepted(bundle)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(HistGradientBoostingRegressor(max_iter=5), MATRIX[:, 0], id="regressor"),
        pytest.param(HistGradientBoostingClassifier(max_iter=5), BINARY, id="two classes"),
        pytest.param(
            HistGradientBoostingClassifier(max_iter=5),
            np.digitize(MATRIX[:, 1], [-1, 1]),
            id="three classes",
        ),
    ],
)
def test_histogram_boosters_compare_in_the_type_of_their_input(model, target, dtype, tmp_path):
    """skl2onnx rounds their float64 thresholds to float32, sklearn-onnx#1227; rows on them tell."""
    model.fit(MATRIX.astype(dtype), target)
    bundle = export(model, sample=MATRIX.astype(dtype), output=tmp_path / "bundle")
    assert bundle.manifest.signature.inputs[0].datatype == {4: "FP32", 8: "FP64"}[dtype().itemsize]
    assert {"thresholds", "missing values", "infinities", "largest values"} <= accepted(bundle)


@pytest.mark.parametrize(
    "vectoriser",
    [
        pytest.param(CountVectorizer(), id="counts"),
        pytest.param(TfidfVectorizer(ngram_range=(1, 2), lowercase=False), id="pairs"),
        pytest.param(CountVectorizer(token_pattern="[a-z]+"), id="own pattern"),
    ],
)
def test_words_end_where_the_original_ends_them(vectoriser, tmp_path):
    """A letter of any script goes on with a word, and a single letter is none, in pairs too."""
    model = make_pipeline(vectoriser, LogisticRegression()).fit(TEXTS["text"], EITHER)
    bundle = export(model, sample=TEXTS, output=tmp_path / "bundle")
    assert {"languages", "punctuation", "blanks", "long text"} <= accepted(bundle)


def test_characters_with_repeated_blanks_are_one(tmp_path):
    """scikit-learn makes one blank of several before it cuts characters, and so does the export."""
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    model = make_pipeline(vectoriser, LogisticRegression()).fit(TEXTS["text"], EITHER)
    bundle = export(model, sample=TEXTS, output=tmp_path / "bundle")
    assert {"languages", "control characters", "blanks", "long text"} <= accepted(bundle)


@pytest.mark.parametrize("kind", [MaxAbsScaler, MinMaxScaler])
def test_a_clip_is_kept(tmp_path, kind):
    """No row of the training data needs a scaler's clip, and probes beyond the sample do."""
    model = make_pipeline(kind(clip=True), LogisticRegression()).fit(MATRIX, BINARY)
    assert export(model, sample=MATRIX, output=tmp_path / "b").certificate().passed


@pytest.mark.parametrize("fitted_on", ["float32", "float64"])
@pytest.mark.parametrize(
    "scaler", [MaxAbsScaler(), MinMaxScaler(), RobustScaler(), StandardScaler()], ids=repr
)
def test_scalers_round_as_the_originals(tmp_path, scaler, fitted_on):
    """On a float32 sample each step is rounded to float32, whatever type its constants have."""
    rows = (MATRIX * [100, 0.01, 1]).astype(np.float32)
    model = make_pipeline(scaler, RandomForestClassifier(20, random_state=0))
    model.fit(rows.astype(fitted_on), BINARY)
    rungs = export(model, sample=rows, output=tmp_path / "b").certificate().rungs
    assert [rung.name for rung in rungs] == ["float32"]


def test_a_certificate_tells_which_columns_take_what(tmp_path):
    """An encoder that knows its words refuses others, and a forest behind it accepts gaps."""
    table = pd.DataFrame({"city": ["Ulm", "Bonn"] * 30, "area": RANDOM.normal(size=60)})
    encoder = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(encoder, RandomForestClassifier(3, random_state=0)).fit(table, EITHER)
    bundle = export(model, sample=table, output=tmp_path / "bundle")
    refused = {p.name: p.problem for p in bundle.certificate().probes if not p.accepted}
    assert "Found unknown categories" in refused["unseen categories"]
    assert {"missing values", "thresholds"} <= accepted(bundle)


def test_an_export_that_is_there_is_probed_on_its_thresholds(tmp_path):
    """With the export's graph at hand a reference has all the probes of the export's making."""
    model = RandomForestClassifier(3, random_state=0).fit(MATRIX, BINARY)
    bundle = export(model, sample=MATRIX, output=tmp_path / "bundle")
    graph = bundle.unpacked(bundle.manifest.blob("model"))
    session = ModelSession(graph)
    live = model_of(model)
    held = reference(live, Sample.of(MATRIX), bundle.manifest.signature, model_of(graph).model)
    assert session.inputs == bundle.manifest.signature.inputs
    assert [p.name for p in held.probes] == [p.name for p in bundle.certificate().probes]
