import re

import pytest

from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.fields import Fields


def _fields(**values):
    return Fields(values, "at")


READABLE = {
    "text": (lambda f: f.text("x"), "é", "é"),
    "matching text": (lambda f: f.text("x", re.compile("a+")), "aa", "aa"),
    "choice": (lambda f: f.choice("x", ("a", "b")), "b", "b"),
    "boolean": (lambda f: f.boolean("x"), False, False),
    "integer": (lambda f: f.integer("x", least=0), 0, 0),
    "number": (lambda f: f.number("x"), 1.5, 1.5),
    "whole number": (lambda f: f.number("x"), 2, 2.0),
    "null for a number": (lambda f: f.optional_number("x"), None, None),
    "optional number": (lambda f: f.optional_number("x"), 0.5, 0.5),
    "integers": (lambda f: f.integers("x", least=-1), [-1, 3], (-1, 3)),
    "values": (lambda f: f.values("x", (str, int)), ["a", 1], ("a", 1)),
    "mapping": (lambda f: f.mapping("x", int), {"a": 1}, {"a": 1}),
    "child": (lambda f: f.child("x").text("y"), {"y": "z"}, "z"),
    "children": (lambda f: [c.text("y") for c in f.children("x")], [{"y": "z"}], ["z"]),
}

WRONG = {
    "text": (lambda f: f.text("x"), 1, "at.x", "expected a string, found a whole number"),
    "trailing newline": (lambda f: f.text("x", re.compile("a")), "a\n", "at.x", "does not match"),
    "choice": (lambda f: f.choice("x", ("a", "b")), "c", "at.x", "one of a, b; found 'c'"),
    "number for boolean": (lambda f: f.boolean("x"), 1, "at.x", "expected true or false"),
    "boolean for integer": (
        lambda f: f.integer("x", least=0), True, "at.x", "expected a whole number, found true",
    ),
    "float for integer": (
        lambda f: f.integer("x", least=0), 1.0, "at.x", "expected a whole number, found a number",
    ),
    "too small": (lambda f: f.integer("x", least=1), 0, "at.x", "expected at least 1, found 0"),
    "text for number": (lambda f: f.number("x"), "1", "at.x", "expected a number, found a string"),
    "boolean for number": (lambda f: f.number("x"), True, "at.x", "expected a number"),
    "number beyond floats": (lambda f: f.number("x"), 10**400, "at.x", "out of range"),
    "text for null": (lambda f: f.optional_number("x"), "", "at.x", "expected a number"),
    "float among integers": (
        lambda f: f.integers("x", least=0), [1, 2.5], "at.x[1]", "expected a whole number",
    ),
    "small among integers": (lambda f: f.integers("x", least=-1), [-2], "at.x[0]", "at least -1"),
    "null among values": (
        lambda f: f.values("x", (str, int)), [None], "at.x[0]",
        "expected a string or a whole number, found null",
    ),
    "object for list": (lambda f: f.values("x", (str,)), {}, "at.x", "expected a list"),
    "wrong in mapping": (lambda f: f.mapping("x", int), {"a": "1"}, "at.x.a", "whole number"),
    "list for object": (lambda f: f.child("x"), [], "at.x", "expected an object, found a list"),
    "deep": (lambda f: f.child("x").child("y").text("z"), {"y": {}}, "at.x.y.z", "is missing"),
    "null among children": (
        lambda f: list(f.children("x")), [{}, None], "at.x[1]", "expected an object, found null",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("read", "value", "expected"), READABLE.values(), ids=READABLE.keys())
def test_reads_a_field(read, value, expected):
    """A field of the right kind is handed over, lists as tuples."""
    found = read(_fields(x=value))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("read", "value", "where", "message"), WRONG.values(), ids=WRONG.keys())
def test_names_the_field_at_fault(read, value, where, message):
    """A field of the wrong kind is refused, with its dotted path and what was expected."""
    with pytest.raises(ArtifactError, match=re.escape(message)) as caught:
        read(_fields(x=value))
    assert caught.value.where == where
    assert str(caught.value).startswith(f"{where}: ")


@pytest.mark.parametrize("case", [case for case in READABLE if "null" not in case])
def test_names_the_missing_field(case):
    """A field that is not there is refused by name."""
    read, _, _ = READABLE[case]
    with pytest.raises(ArtifactError) as caught:
        read(_fields())
    assert caught.value.where == "at.x"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe\xfd", b"{", b'{"x": NaN}', b'{"x": -Infinity}', b'{"x": 1e999}',
        b'{"x": "\\ud800"}', b'{"x": ' + b"1" * 5000 + b"}", b"[" * 250_000,
    ],
    ids=[
        "empty", "no UTF-8", "truncated", "NaN", "infinity", "beyond floats", "half a pair",
        "5,000 digits", "250,000 deep",
    ],
)  # fmt: skip
def test_refuses_what_cannot_be_written_back(data):
    """Bytes that are no JSON, or hold what JSON can't carry, are refused with the file's name."""
    with pytest.raises(ArtifactError, match=r"^the file is not JSON: "):
        Fields.from_json(data, "the file")


@pytest.mark.parametrize("data", [b"[]", b"null", b"3", b'"x"'])
def test_refuses_a_document_that_is_no_object(data):
    """A whole document that is not an object is refused."""
    with pytest.raises(ArtifactError, match="expected an object"):
        Fields.from_json(data, "the file")
