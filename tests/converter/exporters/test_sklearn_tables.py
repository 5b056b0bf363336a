"""Tables with words, categories, flags and gaps, and the way back from tensors to rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from coldpress.errors import ExportError, SampleError
from coldpress.exporters.sklearn import attempts
from coldpress.exporters.sklearn._ask import column_like, columns_with_gaps, original_rows
from coldpress.pipeline import export
from coldpress.sample import Sample
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(3)
ROWS = 160
TARGET = RANDOM.integers(0, 2, ROWS)
TABLE = pd.DataFrame(
    {
        "home.dist": np.where(RANDOM.random(ROWS) < 0.2, np.nan, RANDOM.normal(size=ROWS)),
        "city": pd.Series(
            RANDOM.choice(["Ulm", "Bonn", "Köln", np.nan], ROWS, p=[0.6, 0.25, 0.05, 0.1]),
            dtype=object,
        ).replace("nan", np.nan),
        "grade": pd.Categorical(RANDOM.choice(["A", "B", None], ROWS)),
        "floor": pd.Categorical(RANDOM.choice([1.0, 2.0, np.nan], ROWS)),
        "member": pd.Series(RANDOM.choice([True, False, None], ROWS)).replace({None: np.nan}),
    }
)
WORDS = ["city", "grade"]
IGNORED = OneHotEncoder(handle_unknown="ignore")
CODED = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def answers(bundle, table):
    """What the bundle's model says to a table, whose missing words are empty."""
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    columns = zip(session.inputs, table.columns, strict=True)
    tensors = {}
    for spec, name in columns:
        text = spec.datatype == "BYTES"
        values = table[name].astype(object)
        values = values.where(values.notna(), "" if text else np.nan)
        dtype = {"BYTES": object, "FP32": np.float32}.get(spec.datatype, np.float64)
        tensors[spec.name] = values.to_numpy().astype(dtype).reshape(-1, 1)
    return session.run(tensors)


@pytest.mark.parametrize(
    "encoder",
    [
        pytest.param((IGNORED, WORDS), id="one-hot"),
        pytest.param((make_pipeline(SimpleImputer(strategy="most_frequent"), IGNORED), WORDS),
                     id="most-frequent"),
        pytest.param(
            (make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), CODED), ["city"]),
            id="constant",
        ),
        pytest.param((OneHotEncoder(min_frequency=0.2, handle_unknown="infrequent_if_exist"),
                      WORDS), id="infrequent"),
        pytest.param((OneHotEncoder(drop="first"), WORDS), id="dropped"),
        pytest.param((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1,
                                     encoded_missing_value=-2), WORDS), id="ordinal"),
        pytest.param((TargetEncoder(random_state=0), WORDS), id="target"),
        pytest.param((IGNORED, ["floor", "member"]), id="numbers-and-flags"),
    ],
)  # fmt: skip
def test_gaps_are_carried(tmp_path, encoder):
    """Missing words, categories, flags and numbers answer like the original, on fresh rows, too."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((numbers, ["home.dist"]), encoder)
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(TABLE[:120], TARGET[:120])
        bundle = export(model, sample=TABLE[:120], output=tmp_path / "b")
        expected = model.predict_proba(TABLE[120:])
    assert bundle.manifest.signature.features == tuple(TABLE.columns)
    given = answers(bundle, TABLE[120:])["probabilities"]
    np.testing.assert_allclose(given, expected, atol=1e-5)


def test_unseen_words_are_not_missing_words(tmp_path):
    """A word that training never saw and a missing word become what each is to the original."""
    coded = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    model = coded.fit(TABLE[["city"]])
    bundle = export(model, sample=TABLE[["city"]], output=tmp_path / "b")
    asked = pd.DataFrame({"city": ["Oslo", np.nan, "Ulm"]})
    assert answers(bundle, asked)["variable"].tolist() == [[-1], [-2], [2]]


def test_none_is_a_category_to_ordinal_codes(tmp_path):
    """Only NaN gets the number for what is missing; None has a place among the categories."""
    table = pd.DataFrame({"city": pd.Series(["Ulm", None, "Bonn"] * 9, dtype=object)})
    model = OrdinalEncoder(encoded_missing_value=-2).fit(table)
    bundle = export(model, sample=table, output=tmp_path / "b")
    expected = model.transform(table).tolist()
    assert answers(bundle, table)["variable"].tolist() == expected
    assert [-2] not in expected


@pytest.mark.parametrize("encoder", [OrdinalEncoder(), IGNORED], ids=repr)
def test_none_and_nan_together_are_refused(tmp_path, encoder):
    """ONNX carries both as the empty string, and the encoder has a category for each."""
    table = pd.DataFrame({"city": pd.Series(["Ulm", None, np.nan] * 9, dtype=object)})
    with pytest.raises(ExportError, match=r"several kinds of missing words .* use one of them"):
        export(encoder.fit(table), sample=table, output=tmp_path / "b")


def test_an_imputer_fills_what_the_sample_does_not_miss(tmp_path):
    """Empty text is missing text where the model takes that, though the sample misses none."""
    filled = TABLE[["city"]].fillna("Bonn")
    model = make_pipeline(SimpleImputer(strategy="most_frequent"), IGNORED).fit(filled)
    bundle = export(model, sample=filled, output=tmp_path / "b")
    asked = pd.DataFrame({"city": [np.nan, "Ulm", "Oslo"]})
    expected = model.transform(asked).toarray()
    np.testing.assert_array_equal(answers(bundle, asked)["variable"], expected)


@pytest.mark.parametrize(
    ("column", "model", "expected"),
    [
        pytest.param(["a", None], IGNORED, {"x"}, id="missing"),
        pytest.param(["a", "b"], IGNORED, {"x"}, id="takes-missing"),
        pytest.param(["a", ""], IGNORED, set(), id="empty"),
        pytest.param(["a", "b"], OrdinalEncoder(), set(), id="refuses-missing"),
        pytest.param([1.0, 2.0], IGNORED, set(), id="numbers"),
    ],
)
def test_columns_with_gaps(column, model, expected):
    """Empty text is missing where the sample misses text, or where only the model would."""
    table = pd.DataFrame({"x": column})
    assert columns_with_gaps(model.fit(table), Sample.of(table)) == expected


def test_empty_and_missing_text_are_told_apart(tmp_path):
    """A column with empty and missing text is refused: ONNX carries both alike."""
    table = pd.DataFrame({"city": ["Ulm", "", np.nan, "Bonn"] * 3})
    model = OrdinalEncoder().fit(table)
    with pytest.raises(SampleError, match="'city' of the sample has empty text and missing text"):
        export(model, sample=table, output=tmp_path / "b")


def test_missing_values_take_their_branch(tmp_path):
    """Trees send missing values where training found them to belong."""
    rows = RANDOM.normal(size=(200, 3))
    rows[RANDOM.random(rows.shape) < 0.3] = np.nan
    model = RandomForestClassifier(5, random_state=0).fit(rows, np.isnan(rows[:, 0]))
    assert export(model, sample=rows, output=tmp_path / "b").manifest.certificate.passed


@pytest.mark.parametrize(
    ("like", "values", "gaps", "expected"),
    [
        pytest.param(pd.Series(["a", None]), ["b", ""], True, ["b", None], id="text"),
        pytest.param(pd.Series(["a", "b"]), ["b", ""], False, ["b", ""], id="no-gaps"),
        pytest.param(pd.Series(["a", "b"]), ["b", ""], True, ["b", None], id="first-gap"),
        pytest.param(pd.Series(["a", None], dtype="category"), ["z", ""], True, ["z", None],
                     id="unseen"),
        pytest.param(pd.Series([1, 2]), np.array([1, np.nan], "f4"), False, [1, None],
                     id="whole"),
        pytest.param(
            pd.Series([True, None]), np.array([1, np.nan]), False, [True, None], id="flags"
        ),
        pytest.param(
            pd.Series([1, None], dtype="Int64"), np.array([2, np.nan]), False, [2, None],
            id="nullable",
        ),
    ],
)  # fmt: skip
def test_tensors_go_back_to_columns(like, values, gaps, expected):
    """A tensor becomes a column of the sample's type, with its gaps where the tensor says so."""
    given = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    column = column_like(like, given, gaps=gaps)
    found = [None if gap else value for value, gap in zip(column, column.isna(), strict=True)]
    assert found == expected


def test_rows_have_the_form_of_the_original():
    """A model that was fitted on a table gets a table, on a matrix a matrix."""
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    ones = {"input": np.ones((3, 1), np.float32)}
    rows = original_rows(model, Sample.of(np.zeros((2, 1))), ones, ())
    assert (rows.dtype, rows.shape) == (np.float64, (3, 1))
    table = pd.DataFrame({"a": [0.0, 1], "b": ["x", "y"]})
    columns = make_column_transformer((StandardScaler(), ["a"]), (OneHotEncoder(), ["b"]))
    tensors = {"a": np.ones((1, 1)), "b": np.array([["y"]], dtype=object)}
    assert original_rows(columns.fit(table), Sample.of(table), tensors, ()).to_dict("list") == {
        "a": [1.0], "b": ["y"],
    }  # fmt: skip


STEPS = {
    "targets": (TargetEncoder(random_state=0), ["job", "grade"]),
    "bins": (KBinsDiscretizer(4, quantile_method="linear"), ["income", "visits"]),
    "texts": (TfidfVectorizer(), "text"),
    "rare": (OneHotEncoder(min_frequency=0.1, handle_unknown="infrequent_if_exist"), ["city"]),
    "few": (OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"), ["job"]),
    "numbers": (make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
}
# One row more than a multiple of the bins, so that their edges are values of the sample.
_COUNT = 401


def shop(count, *, known=True):
    """Rows with gaps in words and numbers, and, where not all is known, words that are new."""
    words = ["red", "blue", "green", "grey", *([] if known else ["new", "other"])]
    gap = RANDOM.random((3, count)) < 0.15
    return pd.DataFrame(
        {
            "age": np.where(gap[0], np.nan, RANDOM.normal(40, 9, count)),
            "income": RANDOM.exponential(5000, count),
            "visits": RANDOM.integers(0, 9, count),
            "city": RANDOM.choice([*words, "Ulm", "Bonn"], count),
            "job": pd.Series(RANDOM.choice(words, count), dtype=object).mask(gap[1], np.nan),
            "grade": pd.Series(RANDOM.choice(words, count), dtype=object).mask(gap[2], np.nan),
            "text": [" ".join(RANDOM.choice(words, RANDOM.integers(0, 6))) for _ in range(count)],
        }
    )


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize(
    "last",
    [
        LogisticRegression(max_iter=500),
        HistGradientBoostingClassifier(max_iter=10),
        RandomForestClassifier(8, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_all_kinds_of_columns_together(tmp_path, last, labels):
    """Every encoder gives the graph's type, so that the numbers stay what the sample's are."""
    sample, fresh = shop(_COUNT), shop(120, known=False)
    target = np.digitize(sample["income"] + sample["visits"] * 900, [4000, 9000][: labels - 1])
    columns = ColumnTransformer([(name, *step) for name, step in STEPS.items()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(columns, last).fit(sample, target)
    bundle = export(model, sample=sample, output=tmp_path / "b")
    assert [rung.name for rung in bundle.certificate().rungs] == ["float64+int64"]
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    tensors = {}
    for spec in session.inputs:
        values = fresh[spec.name]
        dtype = {"BYTES": object, "INT64": np.int64}.get(spec.datatype, np.float64)
        values = values.fillna("") if dtype is object else values
        tensors[spec.name] = values.to_numpy(dtype=dtype).reshape(-1, 1)
    found = session.run(tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.predict_proba(fresh)
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
@pytest.mark.parametrize("strategy", ["quantile", "uniform", "kmeans"])
def test_bins_begin_at_their_edges(strategy, encode, dtype):
    """A number on an edge is in the bin above, also in a column of one value."""
    rows = np.c_[RANDOM.normal(size=201), RANDOM.integers(0, 5, 201), np.full(201, 3)].astype(dtype)
    model = KBinsDiscretizer(4, encode=encode, strategy=strategy, quantile_method="linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows)
    edges = np.unique(np.concatenate([edges[np.isfinite(edges)] for edges in model.bin_edges_]))
    asked = np.concatenate([edges, np.nextafter(edges, -np.inf), edges + 9, edges - 9])
    asked = np.r_[rows, np.column_stack([asked] * 3)].astype(dtype)
    session = attempts(model, Sample.of(rows))[0].export().model.open()
    expected = model.transform(asked)
    expected = expected.toarray() if encode == "onehot" else expected
    np.testing.assert_array_equal(session.run({"input": asked})["variable"], expected)
