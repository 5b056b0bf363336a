"""The picture of a plan: well-formed, told in words, to scale, and nothing in it that runs."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from coldpress.planning.canvas import Line, Panel, ticks
from coldpress.planning.plot import draw
from coldpress.planning.workload import Traffic

SVG = "{http://www.w3.org/2000/svg}"
PANEL = Panel(left=10, top=20, width=100, height=50, x=(1, 100), y=(1, 10_000))


def elements(picture, kind):
    """A picture's elements of a kind."""
    return list(ET.fromstring(picture).iter(f"{SVG}{kind}"))  # noqa: S314 - our own


def test_the_picture_is_told_in_words(planned):
    """It is an image with a title, and its description has each figure."""
    picture = draw(planned())
    root = ET.fromstring(picture)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "plan-title plan-told"
    assert root.find(f"{SVG}title").text == "churn: time and cost by memory size"
    told = root.find(f"{SVG}desc").text.split("; ")
    assert len(told) == len(planned().estimates)
    assert told[4] == (
        "1,769 MB x86_64: cold start 276 ms, warm p95 12 ms, 1.46 USD a month on demand, "
        "20.25 with provisioned concurrency"
    )


def test_axes_have_units_and_lines_a_legend(planned):
    """Both panels name their unit, and each line is in a legend."""
    words = [text.text for text in elements(draw(planned()), "text")]
    assert {"ms", "USD"} <= set(words)
    assert {"cold start", "warm request, p95", "warm request, median"} <= set(words)
    ways = {
        f"{name}, {way}" for name in ("x86_64", "arm64") for way in ("on demand", "provisioned")
    }
    assert ways <= set(words)
    assert any(word.startswith("memory, MB") for word in words)


def test_every_size_is_drawn(planned):
    """Each of seven lines has a point for each memory size."""
    lines = elements(draw(planned()), "polyline")
    assert len(lines) == 7
    assert {len(line.get("points").split()) for line in lines} == {9}


def test_what_does_not_fit_is_hollow(planned):
    """A point that does not fit is a ring, and the note says so."""
    picture = draw(planned(peak=400 * 1024**2))  # 500 MB: two sizes on each of seven lines
    hollow = [dot for dot in elements(picture, "circle") if "hollow" in dot.get("class")]
    assert len(hollow) == 14
    assert "hollow points do not fit" in picture
    assert "hollow points" not in draw(planned())


def test_the_wanted_p95_is_a_line(planned):
    """What was wanted is drawn across, even where no size comes near it."""
    for wanted in (0.001, 15, 1e6):
        picture = draw(planned(p95_ms=wanted))
        (line,) = [each for each in elements(picture, "line") if each.get("class") == "limit"]
        assert 142 <= float(line.get("y1")) <= 142 + 232
    assert 'class="limit"' not in draw(planned())


def test_the_choice_has_a_ring(planned):
    """The cheapest is ringed; where there is none, the note says that."""
    assert len(re.findall('class="chosen"', draw(planned()))) == 1
    none = draw(planned(p95_ms=0.001))
    assert 'class="chosen"' not in none
    assert "nothing here is fast enough and fits" in none


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"memories": (1769,)}, id="one-size"),
        pytest.param({"memories": tuple(range(128, 10_241, 64))}, id="many-sizes"),
        pytest.param(
            {"traffic": Traffic(requests=1, api="function-url", free_tier=True)}, id="no-cost"
        ),
        pytest.param({"traffic": Traffic(requests=10**15)}, id="dear"),
    ],
)
def test_any_plan_can_be_drawn(planned, fields):
    """Nothing lies outside the picture, whatever there is to draw."""
    for dot in elements(draw(planned(**fields)), "circle"):
        assert 0 <= float(dot.get("cx")) <= 960
        assert 0 <= float(dot.get("cy")) <= 790


def test_numbers_along_the_axis_do_not_cover_each_other(planned):
    """Of memory sizes too close together, only some are written."""
    texts = elements(draw(planned(memories=tuple(range(128, 10_241, 64)))), "text")
    places = [float(each.get("x")) for each in texts if each.get("class") == "tick middle"]
    gaps = [after - before for before, after in pairwise(places) if after > before]
    assert min(gaps) >= 42


def test_the_picture_is_for_light_and_dark(planned):
    """It has colours for both, and neither scripts nor links."""
    picture = draw(planned())
    assert "prefers-color-scheme:dark" in picture
    assert not re.search(r"<script|<a |href|url\(|@import", picture)


def test_names_are_escaped(planned):
    """What a model is called is text, whatever it looks like."""
    picture = draw(planned(name="<script>&\"'"))
    assert "<script" not in picture
    assert elements(picture, "title")[0].text.startswith("<script>&\"'")


@pytest.mark.parametrize(
    ("point", "place"),
    [
        pytest.param((1, 1), (10, 70), id="low"),
        pytest.param((100, 10_000), (110, 20), id="high"),
        pytest.param((10, 100), (60, 45), id="middle"),
    ],
)
def test_scales_are_logarithmic(point, place):
    """A tenth of the way up a power is as far for every power."""
    assert PANEL.place(*point) == pytest.approx(place)


def test_lines_go_through_their_points():
    """A line's points lie where the panel places them."""
    line = Line(label="l", kind="a", points=[(1, 1), (100, 10_000)])
    assert '<polyline points="10.0,70.0 110.0,20.0" class="line a"/>' in PANEL.lines([line])


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        pytest.param(1, 10, [1, 2, 5, 10], id="a-power"),
        pytest.param(0.3, 3, [0.5, 1, 2], id="between"),
        pytest.param(1, 100_000, [1, 10, 100, 1000, 10_000, 100_000], id="powers-alone"),
        pytest.param(3, 4, [], id="nothing-round"),
    ],
)
def test_ticks_are_round(low, high, found):
    """Ticks are 1, 2 and 5 times powers of ten; where there are many, the powers."""
    assert ticks(low, high) == found
