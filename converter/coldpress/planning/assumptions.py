"""What is taken for granted where nothing can be measured here, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from coldpress_runtime.options import MEGABYTES_PER_CPU

from .measurement import Measured
from .prices import Prices
from .workload import Traffic

__all__ = [
    "HEADROOM_MEGABYTES",
    "HEADROOM_SHARE",
    "HTTP_API_STEP",
    "INIT_MS",
    "LEAST_STORAGE",
    "MEASURED_CPUS",
    "MEGABYTE",
    "MONTH_SECONDS",
    "MOST_CPUS",
    "PLACEMENT_MS",
    "STORE_REQUESTS",
    "STORE_REQUEST_MS",
    "assumptions",
    "extrapolations",
]

# Bytes: Lambda's MB and GB are powers of two.
MEGABYTE = 1024**2
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MOST_CPUS = 6.0
# Beyond this many nothing was measured, and nothing is taken to be faster.
MEASURED_CPUS = 2.0
# Of a month: 365 days in twelve, 730 hours.
MONTH_SECONDS = 730 * 3600.0
# Lambda finds a machine, unpacks the function and starts a runtime: nobody is billed for it, and
# nobody can measure it from here.
PLACEMENT_MS = 150.0
# The manifest, then the model; each waits so long for its first byte.
STORE_REQUESTS = 2
STORE_REQUEST_MS = 30.0
# MB of /tmp that every function has: https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
LEAST_STORAGE = 512
# An HTTP API counts a request for each so many bytes that are begun of it.
HTTP_API_STEP = 512 * 1024
# When INIT ends without the model, by COLDPRESS_INIT_SECONDS.
INIT_MS = 8000.0
# Larger requests than the measured one, Lambda's own runtime, and what other runs leave behind.
HEADROOM_SHARE = 0.25
HEADROOM_MEGABYTES = 32.0


def extrapolations(measured: Measured) -> tuple[str, ...]:
    """What of a plan was not measured but follows from what was; a sentence each."""
    other = "arm64" if measured.architecture == "x86_64" else "x86_64"
    if max(measured.by_threads) > 1:
        above = (
            "from 1.5 to 2 vCPUs they lie between those with one thread and with two, and above 2 "
            "they stay at those with two"
        )
    else:
        above = (
            "above it they stay at those with one thread: this machine has one core, and two "
            "threads could not be measured"
        )
    return (
        (
            f"{other} has the times of this machine, which is {measured.architecture} "
            f"({measured.machine}), and only its own prices: measure on such a machine to know"
        ),
        "every time is this machine's: a vCPU of Lambda may be faster or slower",
        (
            f"with less than one vCPU ({MEGABYTES_PER_CPU:,} MB; 10,240 MB are six), times are "
            f"those with one thread divided by the share; {above}"
        ),
        "a cold start is put together from its parts, and the transfer's part is assumed",
    )


def assumptions(traffic: Traffic, prices: Prices, body_bytes: Sequence[int]) -> tuple[str, ...]:
    """What of a plan is taken for granted; a sentence each, with its figures."""
    return (*_of_times(traffic), *_of_money(traffic, prices, body_bytes))


def _of_times(traffic: Traffic) -> tuple[str, ...]:
    return (
        (
            f"a cold start is {PLACEMENT_MS:g} ms until Python starts, which nobody is billed for; "
            f"then start and imports, beside them the fetch ({STORE_REQUESTS} requests to the "
            f"store of {STORE_REQUEST_MS:g} ms, {traffic.megabytes_per_second:g} MB/s from it, "
            "unpacking); then opening; then the first request. INIT has two vCPUs whatever the "
            "memory, the first request has the memory's share"
        ),
        "latency is the function's own, without the network, the API and Lambda's runtime client",
        (
            f"memory needed is the most that was held here and {HEADROOM_SHARE:.0%} more, at least "
            f"{HEADROOM_MEGABYTES:g} MB"
        ),
        (
            "requests are spread evenly over a month of 730 hours, with a peak of "
            f"{traffic.peak:g} times their mean rate; {traffic.cold_share:.4g} of them are cold"
        ),
    )


def _of_money(traffic: Traffic, prices: Prices, body_bytes: Sequence[int]) -> tuple[str, ...]:
    free = prices.free_tier
    steps = (
        f", one for each 512 KB of a body, which has {median(body_bytes):,.0f} bytes here"
        if traffic.api == "http-api"
        else ""
    )
    taken = "is taken off here" if traffic.free_tier else "is not taken off here"
    return (
        (
            f"prices are those of {prices.region} in {prices.currency}, of {prices.dated}; "
            f"see {' and '.join(prices.sources)}"
        ),
        (
            "billed are requests, whole milliseconds of the median request with INIT at cold "
            f"starts, /tmp beyond 512 MB and the requests of the {traffic.api}{steps}; data "
            "transfer, logs and the store are not counted"
        ),
        (
            f"Lambda's free tier, {free.requests:,.0f} requests and {free.gb_seconds:,.0f} "
            f"GB-seconds a month, {taken}; provisioned concurrency has none"
        ),
        (
            "provisioned concurrency is on all month, without cold starts, with as many instances "
            "as the peak keeps busy at once (rate × latency); its break-even goes by the price of "
            "the first tier"
        ),
    )
