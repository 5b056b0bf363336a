"""What is known of a JSON body before it is parsed, held against what a parser makes of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldpress_runtime.dialects.json_body import parse_json
from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits

_texts = st.text('[]{}:,"\\a', max_size=4)
_values = st.recursive(
    st.none() | st.integers(-9, 9) | _texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(_texts, children, max_size=3),
    max_leaves=12,
)


def count_of(value):
    """How many values a document has, lists and objects among them."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + sum(map(count_of, value)) if isinstance(value, list) else 1


@given(value=_values)
def test_values_are_counted_before_they_are_parsed(value):
    """Whatever stands in strings: a body within the limit passes, one beyond it does not."""
    # Marks are counted, and a list or an object has one more than it has values.
    body, count = json.dumps(value).encode(), count_of(value)
    assert parse_json(body, Limits(values=2 * count)) == value
    many = json.dumps([value] * 9).encode()
    with pytest.raises(PayloadTooLarge, match="values, which is the limit; send fewer rows"):
        parse_json(many, Limits(values=max(1, 9 * count - 1)))


@pytest.mark.parametrize("part", ["[]", "{}", "1", '""', "null", '{"a":1}'])
def test_a_body_of_too_many_values_is_refused(part):
    """Of whatever kind: each would take a hundred times its bytes in memory."""
    body = f"[{','.join([part] * 1001)}]".encode()
    with pytest.raises(PayloadTooLarge, match="more than 1,000 values"):
        parse_json(body, Limits(values=1000))


def test_an_unsound_body_is_counted_too():
    """What no parser would take is refused without one, however it ends."""
    for body in (b"[" * 10_000, b'["' + b"a," * 10, b",,,,,,,,,,,,"):
        with pytest.raises((PayloadTooLarge, RequestError)):
            parse_json(body, Limits(values=5))


@given(value=_values)
def test_sound_names_are_never_taken_for_others(value):
    """Colons in strings, and objects within one another, make no name stand twice."""
    assert parse_json(json.dumps(value).encode(), Limits()) == value
    assert parse_json(json.dumps([value, "a:b"], indent=1).encode(), Limits()) == [value, "a:b"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "a": 2}', "'a'"),
        (b'[{"b": 1}, {"x": {"a": 1, "b": [], "a": 1}}]', "'a'"),
        (b'{"a:\\"": 1, "t": "12:30", "a:\\"": 1}', "'a:\"'"),
        (b'{"\\u0061": 1, "a": 2}', "'a'"),
        (b"[" * 99 + b'{"a": 1, "a": 2}' + b"]" * 99, "'a'"),
    ],
)
def test_a_name_that_is_there_twice_is_refused(body, name):
    """A parser would keep the last of them without a word; the message names it."""
    with pytest.raises(RequestError) as caught:
        parse_json(body, Limits())
    assert str(caught.value) == f"an object of the body has the name {name} twice"
