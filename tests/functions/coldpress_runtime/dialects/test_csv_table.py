"""CSV with a header row, read as strictly as JSON."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldpress_runtime.errors import RequestError
from tests.functions.coldpress_runtime.dialects.tables import invoke

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=150)


def test_csv_gets_the_same(matrix):
    """CSV with a header row, in any order, quoted or not; an empty cell is missing."""
    body = '\ufeffdepth,"width",height\r\n4,3,"0.25"\r\n\r\n,1.5,-2\r\n'.encode()
    told = invoke(matrix, body, kind="text/csv; charset=utf-8")
    assert told[0] == {"label": 0, "scores": [3, 0.25]}
    assert told[1]["scores"] == [None, None]


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"0,1\n1,2\n3,\n", "text/csv"), (b"a,b\n1,2\n3,\n", "text/csv; header=present"),
     (b"1,2\n3,\n", "text/csv; header=absent")],
    ids=["places for names", "names of whatever kind", "said to be without"],
)  # fmt: skip
def test_columns_without_names_are_told_by_their_places(single, body, kind):
    """A matrix that has no names takes columns as they stand, with a header row or without."""
    assert invoke(single, body, kind=kind) == [3, None]


def test_a_header_may_be_absent(matrix):
    """Where the content type says so, columns stand in the model's own order."""
    told = invoke(matrix, b"3,0.25,4\n", kind="text/csv;header=absent")
    assert told == [{"label": 0, "scores": [3, 0.25]}]


def test_infinity_is_no_number(single):
    """What is beyond FP64 is refused as it is from JSON."""
    with pytest.raises(RequestError, match="column 'a' in row 0 is FP64, but its value is '1e999'"):
        invoke(single, b"a,b\n1e999,2\n", kind="text/csv")


def test_a_table_without_names_is_counted(matrix):
    """Columns that are told by their places have to be as many as the model's."""
    with pytest.raises(RequestError, match="has 2 columns, and this model takes 3"):
        invoke(matrix, b"1,2\n", kind="text/csv; header=absent")


def test_csv_without_its_content_type_is_told_of_it(matrix):
    """Curl says nothing of CSV by itself."""
    with pytest.raises(RequestError, match="for CSV, send the content-type text/csv"):
        invoke(matrix, b"width,height,depth\n1,2,3\n", kind="application/x-www-form-urlencoded")


def test_csv_is_read_by_datatype(columns):
    """Text stays text, however it looks; booleans and whole numbers are what they look like."""
    body = b'city,vip,age\n007,True,+30\n"a, b",false,-1\n'
    assert invoke(columns, body, kind="text/csv") == [
        {"age_out": [30], "city_name_out": ["007"], "vip_out": True},
        {"age_out": [-1], "city_name_out": ["a, b"], "vip_out": False},
    ]


WRONG_CSV = {
    "empty": (b"", "needs a header row and at least one row"),
    "only a header": (b"width,height,depth\n", "needs a header row and at least one row"),
    "no UTF-8": (b"width\n\xff\n", "the CSV is not UTF-8"),
    "a name twice": (b"width,width\n1,2\n", "names a column twice"),
    "a short row": (b"width,height,depth\n1,2,3\n1,2\n", "row 1 of the CSV has 2 values, and the"),
    "an open quote": (b'width\n"1', "the body is no CSV"),
    "no number": (
        b"width,height,depth\n1,2,x\n",
        "column 'depth' in row 0 is FP32, but its value is 'x'",
    ),
    "underscore": (b"width,height,depth\n1_0,2,3\n", "column 'width' in row 0 is FP32"),
    "NaN": (b"width,height,depth\nnan,2,3\n", "column 'width' in row 0 is FP32"),
    "beyond floats": (
        b"width,height,depth\n1e999,2,3\n",
        "column 'width' in row 0 is FP32, but its value is '1e999'",
    ),
    "another column": (b"a,b,c\n1,2,3\n", "unknown columns 'a', 'b', 'c'"),
}


@pytest.mark.parametrize(("body", "message"), WRONG_CSV.values(), ids=WRONG_CSV.keys())
def test_wrong_csv_is_refused(matrix, body, message):
    """What is no table for the model is told by row and column."""
    with pytest.raises(RequestError) as caught:
        invoke(matrix, body, kind="text/csv")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@REPEATABLE
@given(body=st.binary(max_size=60) | st.text('ab,"\n\r1.eE-', max_size=40).map(str.encode))
def test_any_csv_is_answered_or_refused(matrix, body):
    """Whatever bytes are sent as CSV, they are answered or are the request's error."""
    with suppress(RequestError):
        invoke(matrix, b"width,height,depth\n" + body, kind="text/csv")
