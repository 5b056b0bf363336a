"""Choosing among estimates, and what a plan says that it rests on."""

import pytest

from coldpress.errors import BundleError, StoreError, UsageError
from coldpress.planning import plan
from coldpress.planning.assumptions import (
    HEADROOM_MEGABYTES,
    INIT_MS,
    PLACEMENT_MS,
    STORE_REQUEST_MS,
    STORE_REQUESTS,
)
from coldpress.planning.measurement import TIMES
from coldpress.planning.workload import Traffic

TRAFFIC = Traffic(requests=1_000_000)
MEBIBYTE = 1024**2


def test_the_cheapest_that_fits(planned):
    """Without a wish for speed, the cheapest that fits is the best."""
    made = planned()
    best = made.best()
    assert best.cost.total == min(each.cost.total for each in made.estimates if each.fits)
    assert best.architecture == "arm64"


def test_the_cheapest_that_is_fast_enough(planned):
    """With one, it is the cheapest whose warm p95 is no more than that."""
    made = planned(p95_ms=15)
    best = made.best()
    assert best.megabytes == 1769
    able = [each for each in made.estimates if each.fits and each.p95_ms <= 15]
    assert best.cost.total == min(each.cost.total for each in able)
    assert made.best("x86_64").architecture == "x86_64"


@pytest.mark.parametrize(
    "wish", [{"p95_ms": 7.9}, {"peak": 10_000 * MEBIBYTE}], ids=["too-fast", "too-large"]
)
def test_none_is_right(planned, wish):
    """Where nothing is fast enough, or large enough, nothing is chosen."""
    assert planned(**wish).best() is None


def test_of_equals_the_smaller(planned):
    """Where all cost the same, nothing, the one with the least memory is chosen."""
    made = planned(traffic=Traffic(requests=1, api="function-url", free_tier=True))
    assert {each.cost.total for each in made.estimates} == {0}
    assert made.best().megabytes == min(each.megabytes for each in made.estimates)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({}, "arm64 has the times of this machine", id="x86_64"),
        pytest.param({"architecture": "arm64"}, "x86_64 has the times of this", id="arm64"),
        pytest.param({}, "between those with one thread and with two", id="two-threads"),
    ],
)
def test_extrapolations_are_told(planned, fields, words):
    """A plan says of which processor and of how many vCPUs it measured nothing."""
    assert any(words in sentence for sentence in planned(**fields).extrapolations)


def test_one_core_is_told(planned):
    """A plan from a machine of one core says that two threads could not be measured."""
    one = planned().measured.by_threads[1]
    times = {name: getattr(one, name).median for name in one.__dataclass_fields__ if name in TIMES}
    sentences = planned(times=[times]).extrapolations
    assert any("two threads could not be measured" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        pytest.param(TRAFFIC, "is not taken off here", id="no-free-tier"),
        pytest.param(Traffic(requests=1, free_tier=True), "is taken off here", id="free-tier"),
        pytest.param(Traffic(requests=1, api="rest-api"), "requests of the rest-api", id="api"),
        pytest.param(Traffic(requests=1, cold_share=0.2), "0.2 of them are cold", id="cold"),
        pytest.param(Traffic(requests=1, peak=3), "a peak of 3 times", id="peak"),
        pytest.param(Traffic(requests=1, megabytes_per_second=50), "50 MB/s", id="store"),
    ],
)
def test_assumptions_are_told(planned, traffic, words):
    """What was assumed of traffic, store and bill is said with its figures."""
    assert any(words in sentence for sentence in planned(traffic=traffic).assumptions)


def test_documented_assumptions(root):
    """docs/costs.md has the figures that are assumed."""
    page = (root / "docs" / "costs.md").read_text("utf-8")
    for words in (
        f"not billed | {PLACEMENT_MS:g} ms |",
        f"artifact flows | {STORE_REQUESTS} of {STORE_REQUEST_MS:g} ms |",
        f"speed | {TRAFFIC.megabytes_per_second:g} MB/s | `--store-mb-per-second`",
        f"cold start | {TRAFFIC.cold_share * 100:g} % | `--cold-share`",
        f"a quarter more, at least {HEADROOM_MEGABYTES:g} MB",
        f"an INIT beyond {INIT_MS / 1000:g} s",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        pytest.param("nowhere", {}, UsageError, "there is no directory nowhere", id="no-bundle"),
        pytest.param(".", {}, BundleError, "is no bundle", id="empty-directory"),
        pytest.param("s3://b/m", {}, UsageError, "names no version", id="no-version"),
        pytest.param("store/m@live", {}, StoreError, "store", id="no-store"),
        pytest.param(".", {"memories": [127]}, UsageError, "127 MB of memory", id="memory"),
        pytest.param(".", {"memories": [10_241]}, UsageError, "name 128 to 10,240", id="most"),
    ],
)
def test_what_can_not_be_planned(tmp_path, monkeypatch, model, options, error, message):
    """What is no bundle, and what no function can have, is refused before anything is measured."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        plan(model, TRAFFIC, **options)
