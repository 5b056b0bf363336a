"""JSON bodies within limits, whatever they are called."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldpress_runtime.dialects.json_body import check_json_type, object_of, parse_json
from coldpress_runtime.errors import RequestError, UnsupportedMedia
from coldpress_runtime.options import Limits

LIMITS = Limits()


def nested(levels, mark="[]"):
    """Lists, or objects, within one another."""
    opened = "[" if mark == "[]" else '{"a":'
    return f"{opened * levels}1{mark[1] * levels}".encode()


def depth_of(value):
    """How deep the lists and objects of a value stand, counted one by one."""
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


_values = st.recursive(
    st.none() | st.integers(-9, 9) | st.text('[]{}"\\', max_size=4),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text('["'), children),
    max_leaves=12,
)


@pytest.mark.parametrize("mark", ["[]", "{}"])
def test_json_that_is_too_deep_is_refused(mark):
    """The limit is inclusive; one level more is refused, and so are 250,000."""
    assert parse_json(nested(100, mark), LIMITS)
    for levels in (101, 250_000):
        with pytest.raises(RequestError, match="100 deep in one another"):
            parse_json(nested(levels, mark), LIMITS)


@given(value=_values)
def test_only_brackets_that_nest_are_counted(value):
    """Brackets in strings, and those beside one another, make nothing deeper."""
    body, levels = json.dumps([value] * 9).encode(), 1 + depth_of(value)
    assert parse_json(body, Limits(depth=levels)) == [value] * 9
    with pytest.raises(RequestError, match="deep in one another"):
        parse_json(body, Limits(depth=levels - 1))


def test_a_document_has_to_be_an_object():
    """What is no object is named for people."""
    assert object_of({"a": 1}) == {"a": 1}
    with pytest.raises(RequestError, match="must be a JSON object, not lists"):
        object_of([])


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "Application/JSON; charset=utf-8", "application/vnd.kserve+json",
     "application/x-www-form-urlencoded", "text/plain", "application/octet-stream"],
)  # fmt: skip
def test_what_clients_call_json_is_read(kind):
    """JSON's own types, none at all, and what clients say that were not told."""
    check_json_type(kind)


@pytest.mark.parametrize(
    "kind", ["application/xml", "text/csv", "image/png", "json", "x" * 5_000, "multipart/form-data"]
)
def test_an_unknown_content_type_is_refused(kind):
    """What says that it is something else is not taken for JSON, and is named in short."""
    with pytest.raises(UnsupportedMedia, match="send application/json") as caught:
        check_json_type(kind)
    assert len(str(caught.value)) < 200
