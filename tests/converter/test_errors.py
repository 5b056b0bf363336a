"""Errors that cross from the worker to its parent."""

import json

import pytest

from coldpress import errors

EXAMPLES = [
    errors.UsageError("no"),
    errors.SampleError("no"),
    errors.TrustError("no", sha256="0" * 64, names=["os.system"], complete=False),
    errors.LoadError("no"),
    errors.ExportError("no"),
    errors.CertificationError("no", output="y", rows=[1, 2], difference=0.5),
    errors.CompressionError("no"),
    errors.BundleError("no"),
    errors.SignatureError("no"),
    errors.StoreError("no"),
    errors.BuildError("no"),
    errors.DeployError("no"),
    errors.MissingExtraError.needed_by("this", "tensorflow"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_round_trip(error):
    """An error comes back as the same class, with the same message and data."""
    again = errors.ColdpressError.from_record(json.loads(json.dumps(error.to_record())))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.exit_code == error.exit_code


def test_examples_are_complete():
    """Every error of the tree but its base crosses."""
    names = set(errors.__all__) - {"ColdpressError", "brief", "printable"}
    assert {type(error).__name__ for error in EXAMPLES} == names


def test_missing_extra_says_what_to_type():
    """The error of a missing extra holds the line to type."""
    assert "pip install 'coldpress[tensorflow]'" in str(EXAMPLES[-1])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("no file", "no file", id="as-it-is"),
        pytest.param(" first\n\n  second\tthird \n", "first second third", id="several-lines"),
        pytest.param("x" * 400, "x" * 300 + " …", id="long"),
        pytest.param("word " * 100, ("word " * 60).rstrip() + " …", id="whole-words"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_brief_is_one_line(said, shown):
    """What someone else's error says becomes one line of bounded length."""
    assert errors.brief(ValueError(said)) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("façade 模型.pkl", "façade 模型.pkl", id="words"),
        pytest.param("a\nError: b", "a\\nError: b", id="line"),
        pytest.param("\x1b[2Ka\r", "\\x1b[2Ka\\r", id="commands"),
        pytest.param("\u202eb\ud800", "\\u202eb\\ud800", id="direction"),
    ],
)
def test_printable_is_one_line_of_signs(said, shown):
    """What a terminal would take for a command is shown as its escape."""
    assert errors.printable(said) == shown
