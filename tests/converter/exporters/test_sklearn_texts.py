"""Texts as counts: characters, words by other patterns, and what each is held to be a blank."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from coldpress.errors import ExportError
from coldpress.exporters.sklearn import attempts
from coldpress.exporters.sklearn._patterns import token_pattern
from coldpress.pipeline import export
from coldpress.sample import Sample

RANDOM = np.random.default_rng(6)
PARTS = ["good", "bad", "it's", "grüße", "a", "x2", "Day-time", "über_all", "日本", "€5", "\x1f",
         "\xa0", "I", "the", "3.14", "B", "1,000", "don't", "x", "ÀÉ", "e\u0301", "٣٤",
         "½"]  # fmt: skip
BLANKS = [" ", " ", " ", "\t", "  ", " \r\n", ""]


def texts(count):
    """Texts of parts with blanks of any kind between them, or none."""
    sizes = RANDOM.integers(0, 9, count)
    pairs = [zip(RANDOM.choice(BLANKS, n), RANDOM.choice(PARTS, n), strict=True) for n in sizes]
    return pd.Series(["".join(a + b for a, b in every) for every in pairs], name="text")


TRAINED = texts(200)
ODD = ["", " ", "\n\n", "a", " a ", "a\u00a0a", "a\u200ba", "\x00", "a" * 300, "\U0001d538 😀 ﬁ ẞ"]
ASKED = pd.concat([texts(300), TRAINED.str.upper(), pd.Series(ODD)])


def check(model):
    """Hold what the first way to export gives for other texts against the model."""
    model.fit(TRAINED)
    session = attempts(model, Sample.of(TRAINED.to_frame()))[0].export().model.open()
    rows = ASKED.to_numpy(dtype=object).reshape(-1, 1)
    expected = model.transform(ASKED).toarray()
    np.testing.assert_allclose(session.run({"text": rows})["variable"], expected, atol=1e-6)
    # Texts in which there is nothing at all.
    empty = session.run({"text": rows[-len(ODD) : 1 - len(ODD)]})["variable"]
    np.testing.assert_array_equal(empty, model.transform([""]).toarray())


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (2, 2), (3, 5), (5, 6)], ids=repr)
@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_characters_are_counted(analyzer, size):
    """Blanks of every kind are one, and words that are shorter than an n-gram count once."""
    check(CountVectorizer(analyzer=analyzer, ngram_range=size))


@pytest.mark.filterwarnings("ignore:Upper case characters found in vocabulary")
@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"lowercase": False}, id="cased"),
        pytest.param({"binary": True}, id="binary"),
        pytest.param(
            {"vocabulary": ["a ", "  ", " ", "a b", " a ", "goo", "Aa", "go", "\t"],
             "ngram_range": (2, 3)},
            id="vocabulary",
        ),
    ],
)  # fmt: skip
def test_characters_by_options(analyzer, options):
    """Also a vocabulary with n-grams that no text can have."""
    check(CountVectorizer(analyzer=analyzer, **options))


def test_a_letter_may_become_two():
    """The lower case of one letter of Turkish is two characters."""
    check(
        CountVectorizer(analyzer="char", vocabulary=["i", "\u0307", "i\u0307"], ngram_range=(1, 2))
    )
    model = CountVectorizer(analyzer="char", vocabulary=["i\u0307s", "n\u0307"], ngram_range=(2, 3))
    model.fit(["İs"])
    table = pd.DataFrame({"text": ["İs", "is", "nİ"]})
    session = attempts(model, Sample.of(table))[0].export().model.open()
    found = session.run({"text": table.to_numpy(dtype=object)})["variable"]
    assert found.tolist() == [[1, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize("size", [(1, 1), (1, 2)], ids=repr)
@pytest.mark.parametrize(
    "pattern",
    [
        r"\S+", r"[^\s,]+", r"\b[a-z]+\b", r"[^\W\d_]+", r"(?u)\b[^\d\W]{2,}\b", r"\w{1,}",
        r"[a-z]+(?:'[a-z]+)?", r"\w+|[^\w\s]", r"\d+(?:[.,]\d+)*|[a-z]+", r"([a-z]+)",
        r"\b(\w{2,4})\b", r"x{0,3}[a-w]",
    ],
)  # fmt: skip
def test_words_by_patterns(pattern, size):
    """Classes as Python knows them, in any alphabet, with n-grams across what is no word."""
    check(TfidfVectorizer(token_pattern=pattern, ngram_range=size))


@pytest.mark.filterwarnings("ignore:Upper case characters found in vocabulary")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"stop_words": "english", "ngram_range": (1, 2)}, id="stop-words"),
        pytest.param({"binary": True}, id="binary"),
        pytest.param({"token_pattern": r"[^,]+"}, id="blanks-in-words"),
        pytest.param(
            {"vocabulary": ["a good", "Good", "a  a", "it's", "bad x2"], "ngram_range": (1, 2),
             "token_pattern": r"\S+"},
            id="vocabulary",
        ),
    ],
)  # fmt: skip
def test_words_by_options(options):
    """Words beside a stop word are neighbours, and a word counts once where that is asked for."""
    check(CountVectorizer(**options))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\w*\w", "two ways at the same character"),
        (r"a|ab", "the beginning of another"),
        (r"a*", "matches the empty text"),
        (r"(\w)+s", "group that is kept"),
        (r"[a-z]+?", "lazy repetition"),
        (r"\w+(?=s)", "looks ahead"),
        (r"^\w+", "within"),
        (r"(?i)[a-z]+", "flags"),
        (r"\b[\w-]+\b", "at both ends of letters"),
        (r"a{99}", "repeats more than"),
    ],
)
def test_patterns_that_differ_are_refused(pattern, reason):
    """What onnxruntime would split otherwise is named, with what can be exported."""
    with pytest.raises(ExportError, match=rf"{re.escape(reason)}.*; classes and repetitions can"):
        token_pattern(pattern)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"strip_accents": "ascii"}, "with strip_accents can't", id="accents"),
        pytest.param({"tokenizer": str.split}, "with tokenizer of your own", id="tokenizer"),
        pytest.param({"analyzer": str.split}, "with analyzer of your own", id="analyzer"),
        pytest.param(
            {"token_pattern": ".", "ngram_range": (1, 2)}, "use ngram_range=", id="blanks"
        ),
        pytest.param(
            {"analyzer": "char", "vocabulary": ["\u03c3"]}, "use lowercase=False", id="sigma"
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern' will not be used")
def test_vectorisers_that_are_refused(tmp_path, options, said):
    """Each is told by its option, in a sentence without any of skl2onnx's."""
    model = CountVectorizer(**options).fit(TRAINED)
    with pytest.raises(ExportError, match=said) as caught:
        export(model, sample=TRAINED.to_frame(), output=tmp_path / "b")
    assert "skl2onnx" not in str(caught.value)


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_a_classifier_of_texts_is_proven(tmp_path, analyzer):
    """With probes of odd blanks, control characters and many languages."""
    vectoriser = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 3))
    model = make_pipeline(vectoriser, LogisticRegression())
    model.fit(TRAINED, TRAINED.str.contains("good"))
    bundle = export(model, sample=TRAINED.to_frame(), output=tmp_path / "b")
    assert bundle.certificate().passed
