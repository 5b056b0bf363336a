"""scikit-learn estimators of each kind, exported live and asked again through the runtime."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from coldpress.errors import ExportError, SampleError
from coldpress.pipeline import export
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(300, 4)) * [1, 2, 0.5, 3]
BINARY = (MATRIX[:, 0] + MATRIX[:, 1] / 3 > 0).astype(int)
THREE = np.array(["low", "mid", "high"])[np.digitize(MATRIX[:, 3], [-1.2, 1.2])]
TARGET = MATRIX @ [1.0, 0.2, 3.0, 0.5]
TABLE = pd.DataFrame(
    {
        "home.dest": RANDOM.choice(["Ulm", "Bonn", "Köln"], 300),
        "label": RANDOM.normal(size=300),
        "rooms": RANDOM.integers(1, 9, 300),
        "garden": RANDOM.random(300) > 0.5,
    }
)
TEXTS = pd.DataFrame({"text": RANDOM.choice(["Good day", "bad Night", "a good night"], 60)})


def session_of(bundle):
    """The bundle's model, opened as the function opens it."""
    return ModelSession(bundle.unpacked(bundle.manifest.blob("model")))


def forest(**options):
    """A small forest behind a scaler, whose rounding matters."""
    return make_pipeline(StandardScaler(), RandomForestClassifier(30, random_state=0, **options))


@pytest.mark.parametrize(
    ("model", "target", "outputs"),
    [
        pytest.param(forest(), BINARY, ["label", "probabilities"], id="forest"),
        pytest.param(forest(n_jobs=2), BINARY, ["label", "probabilities"], id="threads"),
        pytest.param(LogisticRegression(), BINARY > 0, ["label", "probabilities"], id="bool"),
        pytest.param(LogisticRegression(), THREE, ["label", "probabilities"], id="strings"),
        pytest.param(
            DecisionTreeClassifier(), BINARY * 2.0, ["label", "probabilities"], id="float"
        ),
        pytest.param(SVC(), BINARY, ["label", "scores"], id="svc-two"),
        pytest.param(SVC(), THREE, ["label", "scores"], id="svc-three"),
        pytest.param(LinearSVC(), BINARY, ["label", "scores"], id="linear-svc"),
        pytest.param(RidgeClassifier(), BINARY, ["label", "scores"], id="ridge"),
        pytest.param(KNeighborsClassifier(), THREE, ["label", "probabilities"], id="neighbours"),
        pytest.param(
            GradientBoostingClassifier(n_estimators=5),
            THREE,
            ["label", "probabilities"],
            id="boosting",
        ),
        pytest.param(
            HistGradientBoostingClassifier(max_iter=5),
            BINARY,
            ["label", "probabilities"],
            id="histogram",
        ),
        pytest.param(
            GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2),
            THREE,
            ["label", "probabilities"],
            id="search",
        ),
        pytest.param(
            StackingClassifier([("tree", DecisionTreeClassifier(max_depth=3))], cv=2),
            BINARY,
            ["label", "probabilities"],
            id="stacking",
        ),
        pytest.param(
            VotingClassifier(
                [("a", DecisionTreeClassifier()), ("b", LogisticRegression())],
                flatten_transform=False,
            ),
            BINARY,
            ["label"],
            id="hard-voting",
        ),
        pytest.param(LinearRegression(), TARGET, ["variable"], id="linear"),
        pytest.param(LinearRegression(), np.c_[TARGET, -TARGET], ["variable"], id="two-targets"),
        pytest.param(RandomForestRegressor(10), TARGET, ["variable"], id="forest-regressor"),
        pytest.param(GradientBoostingRegressor(), TARGET, ["variable"], id="boosting-regressor"),
        pytest.param(PCA(2), None, ["variable"], id="transformer"),
        pytest.param(KMeans(3, random_state=0), None, ["label", "scores"], id="clusterer"),
        pytest.param(
            IsolationForest(n_estimators=5, random_state=0),
            None,
            ["label", "scores"],
            id="outliers",
        ),
        pytest.param(
            GaussianMixture(2, random_state=0), None, ["label", "probabilities"], id="mixture"
        ),
    ],
)
def test_every_kind_is_proven(tmp_path, model, target, outputs):
    """An estimator of each kind becomes a bundle whose outputs are named for what they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(MATRIX, target)
    bundle = export(model, sample=MATRIX, output=tmp_path / "b")
    assert [spec.name for spec in bundle.manifest.signature.outputs] == outputs
    assert bundle.manifest.certificate.passed
    assert bundle.manifest.certificate.rows == len(MATRIX)


def test_answers_are_the_originals(tmp_path):
    """What the runtime answers is what scikit-learn answers, on rows the export never saw."""
    model = forest().fit(MATRIX[:200], THREE[:200])
    bundle = export(model, sample=MATRIX[:200], output=tmp_path / "b")
    fresh = MATRIX[200:]
    answer = session_of(bundle).run({"input": fresh})
    assert answer["label"].tolist() == model.predict(fresh).tolist()
    np.testing.assert_allclose(answer["probabilities"], model.predict_proba(fresh), atol=1e-6)
    _, scores = bundle.manifest.signature.outputs
    assert scores.labels == ("high", "low", "mid")


@pytest.mark.parametrize("classes", [["no", "yes"], ["a", "b", "c"]], ids=["two", "three"])
@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_draws_of_forests_go_to_the_first(tmp_path, kind, classes):
    """As many votes for one class as for another are a draw, as they are to scikit-learn."""
    random = np.random.default_rng(1)
    rows = random.normal(size=(600, 4))
    target = np.array(classes)[random.integers(0, len(classes), 600)]
    model = kind(6, random_state=0).fit(rows[:300], target[:300])
    shares = np.sort(model.predict_proba(rows[300:]), axis=1)
    assert (shares[:, -1] == shares[:, -2]).sum() > 20
    bundle = export(model, sample=rows[300:], name="votes", output=tmp_path / "b")
    labels = session_of(bundle).run({"input": rows[300:]})["label"]
    np.testing.assert_array_equal(labels, model.predict(rows[300:]))
    assert [check.ties for check in bundle.certificate().outputs] == [0, 0]


@pytest.mark.parametrize(
    ("dtype", "datatype", "rung"),
    [
        pytest.param(np.float64, "FP64", "float64", id="float64"),
        pytest.param(np.float32, "FP32", "float32", id="float32"),
        pytest.param(np.int64, "INT64", "int64", id="int64"),
        pytest.param(np.uint8, "INT64", "int64", id="uint8"),
        pytest.param(np.bool_, "INT64", "int64", id="bool"),
    ],
)
def test_matrix_keeps_the_samples_type(tmp_path, dtype, datatype, rung):
    """A matrix of numbers is one input of the sample's own type."""
    rows = (np.abs(MATRIX) % 7).astype(dtype)
    model = DecisionTreeClassifier(random_state=0).fit(rows, BINARY)
    bundle = export(model, sample=rows, output=tmp_path / "b")
    (spec,) = bundle.manifest.signature.inputs
    assert (spec.name, spec.datatype, spec.shape) == ("input", datatype, (-1, 4))
    assert [r.name for r in bundle.certificate().rungs] == [rung]


def test_narrower_types_are_a_recorded_fallback(tmp_path):
    """Where no float64 export can be made, float32 is proven on the same rows, and it is said."""
    model = make_pipeline(StandardScaler(), LinearSVC()).fit(MATRIX, BINARY)
    rungs = export(model, sample=MATRIX, output=tmp_path / "b").certificate().rungs
    assert [(rung.name, rung.held) for rung in rungs] == [("float64", False), ("float32", True)]
    assert "double" in rungs[0].reason


def test_columns_become_inputs(tmp_path):
    """A model that picks columns by name takes each as an input of its own type."""
    numbers = ["label", "rooms", "garden"]
    steps = [("words", OneHotEncoder(), ["home.dest"]), ("numbers", "passthrough", numbers)]
    model = make_pipeline(ColumnTransformer(steps), RandomForestClassifier(10, random_state=0)).fit(
        TABLE, BINARY
    )
    shuffled = TABLE[["garden", "rooms", "home.dest", "label"]]
    bundle = export(model, sample=shuffled, output=tmp_path / "b")
    signature = bundle.manifest.signature
    assert [spec.datatype for spec in signature.inputs] == ["BYTES", "FP64", "INT64", "BOOL"]
    assert {spec.shape for spec in signature.inputs} == {(-1, 1)}
    # One name is no identifier, another is taken by the output: the columns' own are kept beside.
    assert [spec.name for spec in signature.inputs] == ["home_dest", "label1", "rooms", "garden"]
    assert signature.features == tuple(TABLE.columns)
    row = {s.name: TABLE[[c]].to_numpy()[:3] for s, c in zip(signature.inputs, TABLE, strict=True)}
    assert session_of(bundle).run(row)["label"].tolist() == model.predict(TABLE[:3]).tolist()


def test_texts_are_taken(tmp_path):
    """A model of texts takes a column of strings."""
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model.fit(TEXTS["text"], TEXTS["text"].str.contains("ood"))
    bundle = export(model, sample=TEXTS, output=tmp_path / "b")
    (spec,) = bundle.manifest.signature.inputs
    assert (spec.name, spec.datatype, spec.shape) == ("text", "BYTES", (-1, 1))
    assert bundle.manifest.certificate.label_agreement == 1.0


@pytest.mark.parametrize("columns", ["abcd", "dcba"])
def test_order_of_columns_does_not_matter(tmp_path, columns):
    """A table whose columns stand in another order is put right, and names are kept."""
    table = pd.DataFrame(MATRIX, columns=list("abcd"))
    model = LogisticRegression().fit(table, BINARY)
    bundle = export(model, sample=table[list(columns)], output=tmp_path / "b")
    assert bundle.manifest.signature.features == ("a", "b", "c", "d")


def test_missing_numbers_are_carried(tmp_path):
    """NaN goes through where the model takes it, and stays out of the golden examples."""
    rows = MATRIX.copy()
    rows[::2, 1] = np.nan
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, BINARY)
    bundle = export(model, sample=rows, output=tmp_path / "b")
    assert b"null" not in bundle.unpacked(bundle.manifest.blob("golden"))


NAMED = LogisticRegression().fit(pd.DataFrame(MATRIX, columns=list("abcd")), BINARY)
UNNAMED = LogisticRegression().fit(MATRIX, BINARY)
WORDS = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(
    TABLE[["home.dest"]], BINARY
)


def frame(columns, **more):
    """A table of numbers with the given columns."""
    return pd.DataFrame(dict.fromkeys(columns, MATRIX[:, 0]) | more)


@pytest.mark.parametrize(
    ("model", "sample", "said"),
    [
        pytest.param(NAMED, frame("abc"), "is missing 'd'", id="missing"),
        pytest.param(
            NAMED,
            frame("abcd", y=BINARY),
            "'y', which the model does not take .*--drop y",
            id="extra",
        ),
        pytest.param(NAMED, frame("abxy"), "is missing 'c', 'd' and has 'x', 'y'", id="both"),
        pytest.param(UNNAMED, frame("abcde"), "has 5 columns .* takes 4; .*--drop", id="too-many"),
        pytest.param(UNNAMED, MATRIX[:, :3], "has 3 columns and the model takes 4", id="too-few"),
        pytest.param(UNNAMED, MATRIX[:, 0], r"two dimensions, \(rows, features\)", id="one-dim"),
        pytest.param(UNNAMED, MATRIX[None], "two dimensions", id="three-dim"),
        pytest.param(UNNAMED, {"a": MATRIX, "b": MATRIX}, "two dimensions", id="two-arrays"),
        pytest.param(
            NAMED, frame("abc", d=TABLE["home.dest"]), "can't take the rows", id="text-for-numbers"
        ),
        pytest.param(NAMED, frame("abc", d=np.nan), "NaN", id="nan"),
        pytest.param(
            WORDS,
            pd.DataFrame({"home.dest": ["Ulm", None, ""]}),
            r"'home.dest' of the sample has empty text and missing text \(rows \[1\]\)",
            id="empty-and-missing-text",
        ),
        pytest.param(
            WORDS,
            pd.DataFrame({"home.dest": pd.to_datetime(["2020-01-01", "2020-01-02"])}),
            "holds datetime",
            id="dates",
        ),
        pytest.param(WORDS, pd.DataFrame({"home.dest": ["Ulm", 3]}), "mixed", id="mixed"),
    ],
)
def test_bad_samples_are_explained(tmp_path, model, sample, said):
    """A sample that doesn't fit the model gets one sentence, and no bundle."""
    with pytest.raises(SampleError, match=said) as caught:
        export(model, sample=sample, output=tmp_path / "b")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


class Own(TransformerMixin, BaseEstimator):
    """A transformer that no converter knows."""

    def fit(self, rows, _target=None):
        """Remember the width."""
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows):
        """Give the rows back."""
        return rows


def half(values):
    """A function that no graph can hold."""
    return values / 2


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(LogisticRegression(), "is not fitted", id="not-fitted"),
        pytest.param(
            make_pipeline(Own(), LogisticRegression()).fit(MATRIX, BINARY),
            "step 'own' is a .*Own, for which skl2onnx has no converter",
            id="no-converter",
        ),
        pytest.param(
            make_pipeline(
                FeatureUnion([("half", FunctionTransformer(half)), ("pca", PCA(1))]),
                LogisticRegression(),
            ).fit(MATRIX, BINARY),
            "step 'featureunion/half' runs a Python function",
            id="function",
        ),
        pytest.param(DBSCAN().fit(MATRIX), "no method that answers for new rows", id="no-predict"),
    ],
)
def test_what_cannot_be_exported_is_explained(tmp_path, model, said):
    """A model that ONNX can't hold, or would hold wrongly, is refused in one sentence."""
    with pytest.raises(ExportError, match=said) as caught:
        export(model, sample=MATRIX, output=tmp_path / "b")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_strangers_are_refused(tmp_path):
    """An object of no framework is refused by its type's name."""
    with pytest.raises(ExportError, match=r"builtins\.dict is no model"):
        export({"a": 1}, sample=MATRIX, output=tmp_path / "b")
