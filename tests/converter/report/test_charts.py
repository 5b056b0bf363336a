"""Pictures: to scale, told in words, and nothing in them that a page would run."""

import re
from xml.etree import ElementTree as ET

import pytest

from coldpress.report.charts import Bar, bars, compact, decade_names, histogram

HOSTILE = "<script>alert('&\")</script>"
COUNTS = (20, 0, 0, 0, 0, 0, 1, 0, 300, 0, 0, 0, 0, 0, 0, 0, 7)


def parsed(picture):
    """A picture's elements; it must be well-formed."""
    return ET.fromstring(picture)  # noqa: S314 - our own


def of_class(picture, kind):
    """The elements of a class in a picture."""
    return [e for e in parsed(picture).iter() if e.get("class") == kind]


def test_bars_are_to_scale():
    """The longest bar fills the width, and others have their share of it."""
    rows = [Bar(label="a", text="4 B", value=4), Bar(label="b", text="1 B", value=1)]
    widths = [bar.get("width") for bar in of_class(bars("Sizes", rows, key="k"), "bar")]
    assert widths == ["100.000%", "25.000%"]


@pytest.mark.parametrize("values", [(0, 0), (0.0,), ()], ids=["zeros", "zero", "none"])
def test_bars_of_nothing(values):
    """Nothing to draw is no division by zero."""
    parsed(bars("t", [Bar(label="l", text="0", value=value) for value in values], key="k"))


def test_pictures_are_told_in_words():
    """Each picture has a title and says its figures to those who don't see it."""
    root = parsed(histogram("Differences", COUNTS, atol=1e-5, key="k"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "k-t k-d"
    assert root.find("title").text == "Differences"
    assert root.find("desc").text == (
        "equal: 20; 10⁻⁸ to 10⁻⁷: 1; 10⁻⁶ to 10⁻⁵: 300; 100 and above: 7"
    )


def test_words_are_escaped():
    """Labels are text, whatever they look like."""
    row = Bar(label=HOSTILE, text=HOSTILE, value=1)
    for picture in (bars(HOSTILE, [row], key="k"), histogram(HOSTILE, COUNTS, atol=0, key="k")):
        assert "<script" not in picture
        assert HOSTILE in "".join(parsed(picture).itertext())


def test_columns_stand_in_their_decades():
    """Only decades with differences have a column, higher for more, each with its count."""
    picture = histogram("t", COUNTS, atol=1e-5, key="k")
    columns = of_class(picture, "bar") + of_class(picture, "bar last")
    assert len(columns) == 4
    places = [round(float(c.get("x").rstrip("%")) / 100 * 17, 2) for c in of_class(picture, "bar")]
    assert places == [6.12, 8.12, 16.12]
    heights = [float(column.get("height")) for column in of_class(picture, "bar")]
    assert heights[0] < heights[2] < heights[1] == 120
    assert [text.text for text in of_class(picture, "count")] == ["20", "1", "300", "7"]


@pytest.mark.parametrize(
    ("atol", "place"),
    [(1e-5, "52.941"), (1e-30, "5.882"), (1e9, "100.000")],
    ids=["inside", "below", "above"],
)
def test_the_tolerance_is_a_line(atol, place):
    """The tolerance stands between its decades, or at the end of the scale."""
    (line,) = of_class(histogram("t", COUNTS, atol=atol, key="k"), "limit")
    assert line.get("x1") == line.get("x2") == f"{place}%"


def test_every_count_has_a_name():
    """As many names as the certificate counts decades."""
    names = decade_names(17)
    assert len(set(names)) == 17
    assert (names[0], names[1], names[-1]) == ("equal", "below 10⁻¹²", "100 and above")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (9999, "10k"),
        (999_999, "1.0M"),
        (5 * 10**12, "5.0T"),
    ],
)
def test_counts_are_short(count, text):
    """A count takes four characters at most."""
    assert compact(count) == text
    assert re.fullmatch(r".{1,4}", text)
