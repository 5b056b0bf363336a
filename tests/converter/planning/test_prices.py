"""The price file: what Coldpress brings, tiers, and what is wrong with somebody else's."""

import copy
import json
import math
from pathlib import Path

import pytest

from coldpress.errors import UsageError
from coldpress.planning import prices as module
from coldpress.planning.prices import APIS, Tier, read_prices, tiered

OWN = json.loads(Path(module.__file__).with_name("prices.json").read_bytes())
MISSING = object()


def changed(value, *keys):
    """Coldpress' own document with one value another, or gone."""
    document = copy.deepcopy(OWN)
    place = document
    for key in keys[:-1]:
        place = place[key]
    if value is MISSING:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return document


def test_own_prices_are_dated_and_sourced(prices):
    """The prices say of which region and day they are, and where AWS has them."""
    assert (prices.region, prices.currency, prices.dated) == ("us-east-1", "USD", OWN["dated"])
    assert prices.sources
    assert all(source.startswith("https://aws.amazon.com/") for source in prices.sources)


def test_own_prices_are_what_aws_charges(prices):
    """A GB-second, a request and an API's request have the prices of AWS's pages."""
    x86, arm = prices.architectures["x86_64"], prices.architectures["arm64"]
    assert x86.gb_second[0] == Tier(up_to=6e9, price=0.0000166667)
    assert arm.gb_second[0] == Tier(up_to=7.5e9, price=0.0000133334)
    assert (x86.provisioned_gb_second, arm.provisioned_gb_second) == (4.1667e-6, 3.3334e-6)
    assert (x86.provisioned_duration_gb_second, arm.provisioned_duration_gb_second) == (
        9.7222e-6, 7.7778e-6,
    )  # fmt: skip
    assert (prices.request, prices.storage_gb_second) == (2e-7, 3.09e-8)
    assert [prices.apis[name][0].price for name in APIS] == [1e-6, 3.5e-6, 0]
    assert (prices.free_tier.requests, prices.free_tier.gb_seconds) == (1e6, 4e5)


@pytest.mark.parametrize(
    ("amount", "cost"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(10, 30, id="first-tier"),
        pytest.param(100, 300, id="edge"),
        pytest.param(150, 400, id="second-tier"),
        pytest.param(1200, 300 + 1800 + 200, id="last-tier"),
    ],
)
def test_each_part_costs_its_own_tier(amount, cost):
    """What is beyond a tier's end costs the next one's price, and no more than that does."""
    tiers = (
        Tier(up_to=100, price=3), Tier(up_to=1000, price=2), Tier(up_to=math.inf, price=1),
    )  # fmt: skip
    assert tiered(amount, tiers) == cost


def test_another_file_is_read(tmp_path):
    """A price file of another region takes the place of Coldpress' own."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(changed("eu-central-1", "region")), encoding="utf-8")
    assert read_prices(path).region == "eu-central-1"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param([], "it has no schema_version", id="list"),
        pytest.param(changed(2, "schema_version"), "schema_version must be 1", id="version"),
        pytest.param(changed(MISSING, "lambda"), "it has no lambda", id="no-lambda"),
        pytest.param(
            changed(MISSING, "lambda", "arm64"), "it has no lambda.arm64", id="no-processor"
        ),
        pytest.param(changed(MISSING, "api", "rest-api"), "it has no api.rest-api", id="no-api"),
        pytest.param(
            changed("2", "lambda", "request"), "lambda.request must be a number", id="text"
        ),
        pytest.param(changed(None, "lambda", "request"), "must be a number", id="null"),
        pytest.param(changed(-1, "lambda", "request"), "must be 0 or more", id="negative"),
        pytest.param(changed(math.nan, "lambda", "request"), "must be 0 or more", id="nan"),
        pytest.param(changed("today", "dated"), "dated must be a date", id="date"),
        pytest.param(changed(" ", "currency"), "currency must be a text", id="blank"),
        pytest.param(changed("AWS", "sources"), "sources must be a list", id="sources"),
        pytest.param(changed([], "api", "http-api"), "must be a list of tiers", id="no-tiers"),
        pytest.param(
            changed([{"up_to": None}], "api", "http-api"),
            "api.http-api[0] must have up_to and price",
            id="half-a-tier",
        ),
        pytest.param(
            changed([{"up_to": 5, "price": 1}], "api", "http-api"), "the last have null", id="end"
        ),
        pytest.param(
            changed(
                [{"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"up_to": None, "price": 1}],
                "api",
                "http-api",
            ),
            "must rise in up_to",
            id="same-tier-twice",
        ),
    ],
)
def test_broken_files_are_refused(tmp_path, document, message):
    """A price file that is none is refused in a sentence that says where."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_prices(path)
    assert message in str(caught.value)
    assert "docs/costs.md" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 100_000], ids=["empty", "cut", "bytes", "deep"]
)
def test_what_is_no_json_is_refused(tmp_path, content):
    """A file that holds no JSON is refused as such."""
    path = tmp_path / "prices.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="it is no JSON"):
        read_prices(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """A price file that can't be read is named, with the reason."""
    with pytest.raises(UsageError, match="No such file"):
        read_prices(tmp_path / "none.json")
