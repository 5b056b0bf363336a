"""A month's cost, reckoned by hand."""

from dataclasses import replace

import pytest

from coldpress.planning.costing import Running, metered, on_demand, provisioned
from coldpress.planning.workload import Traffic

FUNCTION = Running(
    architecture="x86_64", megabytes=1024, storage_megabytes=512, warm_ms=10.0, cold_ms=300.0
)
MILLION = Traffic(requests=1_000_000)


def test_a_month_on_demand(prices):
    """Requests, their GB-seconds with INIT at one in a hundred, and the API's requests."""
    cost = on_demand(FUNCTION, MILLION, prices)
    # 0.99 × 10 ms + 0.01 × 300 ms = 12.9 ms of 1 GB each
    assert cost.duration == pytest.approx(1_000_000 * 0.0129 * 0.0000166667)
    assert (cost.requests, cost.api, cost.storage, cost.ready) == (
        pytest.approx(0.20), pytest.approx(1.00), 0, 0,
    )  # fmt: skip
    assert cost.total == pytest.approx(1.41500043)


@pytest.mark.parametrize(
    ("warm_ms", "seconds"),
    [
        pytest.param(0.01, 0.001, id="at-least-one"),
        pytest.param(1.0, 0.001, id="whole"),
        pytest.param(1.0 + 1e-12, 0.001, id="what-floats-add"),
        pytest.param(1.01, 0.002, id="begun"),
        pytest.param(99.5, 0.100, id="rounded-up"),
    ],
)
def test_whole_milliseconds_are_billed(warm_ms, seconds):
    """A millisecond that has begun is billed, and no request less than one."""
    assert replace(FUNCTION, warm_ms=warm_ms).warm_seconds == seconds


def test_storage_beyond_512_mb_is_billed(prices):
    """A GB of /tmp beyond what is free costs its own price for the seconds of the requests."""
    cost = on_demand(replace(FUNCTION, storage_megabytes=1536), MILLION, prices)
    assert cost.storage == pytest.approx(1_000_000 * 0.0129 * 3.09e-8)


@pytest.mark.parametrize(
    ("api", "cost"),
    [
        pytest.param("http-api", 1.0, id="http-api"),
        pytest.param("rest-api", 3.5, id="rest-api"),
        pytest.param("function-url", 0, id="function-url"),
    ],
)
def test_what_stands_before_the_function(prices, api, cost):
    """Each API has its own price, and a function URL has none."""
    found = on_demand(FUNCTION, replace(MILLION, api=api), prices)
    assert found.api == pytest.approx(cost)


def test_the_free_tier_is_taken_off(prices):
    """A million requests and 400,000 GB-seconds are free, and nothing is ever paid back."""
    free = replace(MILLION, free_tier=True)
    cost = on_demand(FUNCTION, free, prices)
    assert (cost.requests, cost.duration) == (0, 0)
    more = on_demand(FUNCTION, replace(free, requests=100_000_000), prices)
    assert more.requests == pytest.approx(99 * 0.20)
    assert more.duration == pytest.approx((1_290_000 - 400_000) * 0.0000166667)


def test_arm64_is_billed_at_its_own_price(prices):
    """The other processor has other prices for the same seconds."""
    cost = on_demand(replace(FUNCTION, architecture="arm64"), MILLION, prices)
    assert cost.duration == pytest.approx(12_900 * 0.0000133334)


@pytest.mark.parametrize(
    ("requests", "warm_ms", "peak", "instances"),
    [
        pytest.param(1_000, 10, 1, 1, id="at-least-one"),
        pytest.param(262_800_000, 10, 1, 1, id="just-one"),
        pytest.param(262_800_001, 10, 1, 2, id="a-request-more"),
        pytest.param(1_000_000_000, 50, 1, 20, id="many"),  # 380.5 a second × 0.05 s = 19.03
        pytest.param(1_000_000_000, 50, 2, 39, id="peak"),
    ],
)
def test_instances_by_littles_law(prices, requests, warm_ms, peak, instances):
    """As many are needed as are busy at once: rate by latency, rounded up."""
    running = replace(FUNCTION, warm_ms=warm_ms)
    assert (
        provisioned(running, Traffic(requests=requests, peak=peak), prices).instances == instances
    )


def test_a_month_of_provisioned_concurrency(prices):
    """Being ready all month, and the seconds of requests at the lower price."""
    cost = provisioned(FUNCTION, replace(MILLION, free_tier=True), prices).cost
    assert cost.ready == pytest.approx(730 * 3600 * 0.0000041667)
    assert cost.duration == pytest.approx(10_000 * 0.0000097222)
    assert cost.requests == pytest.approx(0.20)  # it has no free tier


def test_break_even_by_hand(prices):
    """Being ready costs 10.95 a month, and a request saves 0.000000117778."""
    even = provisioned(FUNCTION, MILLION, prices).break_even_requests
    assert even == pytest.approx(10.9500876 / (0.0129 * 0.0000166667 - 0.01 * 0.0000097222))
    assert even == pytest.approx(92.97e6, rel=1e-3)


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
@pytest.mark.parametrize("storage", [512, 2048])
@pytest.mark.parametrize("free_tier", [False, True], ids=["paid", "free tier"])
@pytest.mark.parametrize("longer", [1, 2000], ids=["short", "so long that few of them pay"])
def test_at_break_even_both_cost_the_same(prices, architecture, storage, free_tier, longer):
    """With as many requests as break-even says, either way costs the same."""
    running = replace(
        FUNCTION,
        architecture=architecture,
        storage_megabytes=storage,
        warm_ms=FUNCTION.warm_ms * longer,
        cold_ms=FUNCTION.cold_ms * longer,
    )
    asked = replace(MILLION, requests=1, free_tier=free_tier)
    even = provisioned(running, asked, prices).break_even_requests
    traffic = replace(asked, requests=round(even))
    ready = provisioned(running, traffic, prices)
    assert ready.instances == 1
    on_demand_total = on_demand(running, traffic, prices).total
    # There is no half of a request.
    assert ready.cost.total == pytest.approx(on_demand_total, rel=1e-4)


@pytest.mark.parametrize(
    ("api", "body_bytes", "counted"),
    [
        pytest.param("http-api", [0], 1, id="no body"),
        pytest.param("http-api", [512 * 1024], 1, id="a whole step"),
        pytest.param("http-api", [512 * 1024 + 1], 2, id="a step that is begun"),
        pytest.param("http-api", [100, 512 * 1024 * 3], 2, id="on average"),
        pytest.param("rest-api", [10**7], 1, id="REST API"),
        pytest.param("function-url", [10**7], 1, id="function URL"),
    ],
)
def test_an_http_api_counts_large_requests_more_than_once(prices, api, body_bytes, counted):
    """It is metered by 512 KB; nothing else is."""
    assert metered(api, body_bytes) == counted
    large = replace(FUNCTION, metered=counted)
    traffic = replace(MILLION, api=api)
    assert on_demand(large, traffic, prices).api == pytest.approx(
        counted * on_demand(FUNCTION, traffic, prices).api
    )


def test_no_break_even_beyond_what_instances_can_serve(prices):
    """A peak of three times the mean leaves instances idle for more than they save: never."""
    traffic = Traffic(requests=1_000_000, cold_share=0, peak=3)
    assert provisioned(FUNCTION, traffic, prices).break_even_requests is None
    assert provisioned(FUNCTION, replace(traffic, peak=1), prices).break_even_requests


def test_no_break_even_where_nothing_is_saved(prices):
    """Prices by which provisioned seconds cost more give no break-even, and no division by zero."""
    dear = replace(prices.architectures["x86_64"], provisioned_duration_gb_second=1.0)
    prices = replace(prices, architectures={"x86_64": dear})
    assert provisioned(FUNCTION, MILLION, prices).break_even_requests is None


@pytest.mark.parametrize("field", ["requests", "cold_share"])
def test_more_costs_more(prices, field):
    """More requests, or more cold starts among them, never cost less."""
    values = {"requests": [1, 10**6, 10**9, 10**12], "cold_share": [0, 0.01, 0.5, 1]}[field]
    costs = [on_demand(FUNCTION, replace(MILLION, **{field: v}), prices).total for v in values]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]
