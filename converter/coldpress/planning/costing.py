"""What a month costs, on demand and with provisioned concurrency: formulas, no measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from .assumptions import HTTP_API_STEP, MONTH_SECONDS
from .prices import Prices, Tier, tiered
from .workload import Traffic

__all__ = ["Cost", "Provisioned", "Running", "metered", "on_demand", "provisioned"]

_GIGABYTE = 1024  # MB, as Lambda bills them
_FREE_STORAGE = 512  # MB of /tmp
_SLACK = 1e-6  # ms; what adding up floats leaves over is not billed as a millisecond more


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How a function of some size runs.

    Attributes:
        architecture: ``x86_64`` or ``arm64``.
        megabytes: Its memory, in MB.
        storage_megabytes: Its ``/tmp``, in MB; at least 512.
        warm_ms: What a warm request takes.
        cold_ms: What is billed of a request with a cold start: INIT and the request.
        metered: As how many requests its API counts one, on average.
    """

    architecture: str
    megabytes: int
    storage_megabytes: int
    warm_ms: float
    cold_ms: float
    metered: float = 1.0

    @property
    def gigabytes(self) -> float:
        """Its memory in GB."""
        return self.megabytes / _GIGABYTE

    @property
    def storage_gigabytes(self) -> float:
        """What of its ``/tmp`` is billed, in GB."""
        return max(0, self.storage_megabytes - _FREE_STORAGE) / _GIGABYTE

    @property
    def warm_seconds(self) -> float:
        """Seconds billed of a warm request."""
        return _billed(self.warm_ms)

    def mean_seconds(self, cold_share: float) -> float:
        """Seconds billed of a request, where so many are cold."""
        return (1 - cold_share) * self.warm_seconds + cold_share * _billed(self.cold_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A month's cost, by what it is for.

    Attributes:
        requests: Lambda's requests.
        duration: Their GB-seconds.
        storage: ``/tmp`` beyond 512 MB.
        api: The requests of what stands before the function.
        ready: Provisioned concurrency, used or not.
    """

    requests: float
    duration: float
    storage: float
    api: float
    ready: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.requests + self.duration + self.storage + self.api + self.ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """The same month with provisioned concurrency.

    Attributes:
        instances: How many the peak keeps busy at once.
        cost: What the month costs.
        break_even_requests: Requests a month from which so many instances cost no more than on
            demand; None if they can't serve as many.
    """

    instances: int
    cost: Cost
    break_even_requests: float | None


def metered(api: str, body_bytes: Sequence[int]) -> float:
    """As how many requests an API counts one on average; an HTTP API by 512 KB that are begun.

    Args:
        api: What stands before the function.
        body_bytes: The sizes of requests, which come equally often.

    Source: https://aws.amazon.com/api-gateway/pricing/, "HTTP APIs".
    """
    if api != "http-api":
        return 1.0
    return fmean(max(1, math.ceil(size / HTTP_API_STEP)) for size in body_bytes)


def on_demand(running: Running, traffic: Traffic, prices: Prices) -> Cost:
    """What a month costs on demand, cold starts and their INIT included."""
    free = prices.free_tier if traffic.free_tier else None
    seconds = traffic.requests * running.mean_seconds(traffic.cold_share)
    paid = seconds * running.gigabytes - (free.gb_seconds if free else 0)
    tiers = prices.architectures[running.architecture].gb_second
    return Cost(
        requests=max(0.0, traffic.requests - (free.requests if free else 0)) * prices.request,
        duration=tiered(max(0.0, paid), tiers),
        storage=seconds * running.storage_gigabytes * prices.storage_gb_second,
        api=tiered(traffic.requests * running.metered, prices.apis[traffic.api]),
    )


def provisioned(running: Running, traffic: Traffic, prices: Prices) -> Provisioned:
    """What the month costs with as many instances ready as the peak needs, by Little's law."""
    each = prices.architectures[running.architecture]
    rate = traffic.peak * traffic.requests / MONTH_SECONDS
    instances = max(1, math.ceil(rate * running.warm_ms / 1000))
    seconds = traffic.requests * running.warm_seconds
    cost = Cost(
        requests=traffic.requests * prices.request,
        duration=seconds * running.gigabytes * each.provisioned_duration_gb_second,
        storage=seconds * running.storage_gigabytes * prices.storage_gb_second,
        api=tiered(traffic.requests * running.metered, prices.apis[traffic.api]),
        ready=instances * MONTH_SECONDS * running.gigabytes * each.provisioned_gb_second,
    )
    even = _break_even(running, traffic, prices, cost.ready)
    most = instances * MONTH_SECONDS / (traffic.peak * running.warm_ms / 1000)
    return Provisioned(
        instances=instances,
        cost=cost,
        break_even_requests=even if even is not None and even <= most else None,
    )


def _break_even(running: Running, traffic: Traffic, prices: Prices, ready: float) -> float | None:
    """Requests whose savings pay for being ready; None if a request saves nothing.

    What is free on demand, and not with provisioned concurrency, has to be saved as well.
    """
    each = prices.architectures[running.architecture]
    mean, warm = running.mean_seconds(traffic.cold_share), running.warm_seconds
    first: Tier = each.gb_second[0]
    saved = (
        running.gigabytes * (mean * first.price - warm * each.provisioned_duration_gb_second)
        + running.storage_gigabytes * (mean - warm) * prices.storage_gb_second
    )
    if saved <= 0:
        return None
    if not traffic.free_tier:
        return ready / saved
    free = prices.free_tier
    ready += free.gb_seconds * first.price
    even = (ready + free.requests * prices.request) / saved
    if even >= free.requests:
        return even
    # So few that none of them is paid for on demand.
    saved -= prices.request
    return ready / saved if saved > 0 else None


def _billed(milliseconds: float) -> float:
    """Seconds that are billed: whole milliseconds, at least one."""
    return max(1, math.ceil(milliseconds - _SLACK)) / 1000
