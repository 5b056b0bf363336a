"""Measurements and plans made up, so that estimates can be reckoned by hand."""

import pytest

from coldpress.planning.assumptions import assumptions, extrapolations
from coldpress.planning.estimating import estimate
from coldpress.planning.measurement import TIMES, Measured, Measurement, Spread
from coldpress.planning.planning import MEMORIES, Plan
from coldpress.planning.prices import read_prices
from coldpress.planning.workload import KNOWN_PACKAGES, Artifact, Traffic

MEBIBYTE = 1024**2
ONE = {
    "start": 10.0, "imports": 90.0, "unpack": 5.0, "open": 6.0, "first": 20.0,
    "request": 8.0, "request_p95": 12.0, "run": 7.0, "run_p95": 9.0,
}  # fmt: skip
TWO = {**ONE, "open": 4.0, "first": 12.0, "request": 5.0, "request_p95": 8.0}
SMALL = Artifact(stored_bytes=750_000, unpacked_bytes=1_500_000, file_bytes=0)


def measurement_of(threads, times, *, peak=80 * MEBIBYTE):
    """A measurement whose rounds all agreed."""
    spreads = {name: Spread.of([times[name]]) for name in TIMES}
    return Measurement(
        threads=threads, rounds=5, calls=300, loaded_bytes=peak - 1, peak_bytes=peak, **spreads
    )


def measured_of(*times, **fields):
    """What was measured with one thread, and with two if there are times for it."""
    by_threads = {
        threads: measurement_of(threads, each, peak=fields.get("peak", 80 * MEBIBYTE))
        for threads, each in enumerate(times, 1)
    }
    return Measured(
        by_threads=by_threads,
        requests="golden examples",
        whole=True,
        body_bytes=(1000,),
        machine="a machine, 2 cores",
        architecture=fields.get("architecture", "x86_64"),
    )


@pytest.fixture
def prices():
    """Coldpress' own prices."""
    return read_prices()


@pytest.fixture
def estimated(prices):
    """A function that estimates one size; all but the memory has a default."""

    def make(megabytes, *, times=(ONE, TWO), artifact=SMALL, architecture="x86_64", **fields):
        traffic = fields.pop("traffic", Traffic(requests=1_000_000))
        package = fields.pop("package_bytes", 100_000_000)
        return estimate(
            measured_of(*times, **fields), artifact, traffic, prices,
            megabytes=megabytes, architecture=architecture, package_bytes=package,
        )  # fmt: skip

    return make


@pytest.fixture
def planned(prices):
    """A function that makes a plan of the default sizes without measuring."""

    def make(*, p95_ms=None, memories=MEMORIES, times=(ONE, TWO), traffic=None, **fields):
        traffic = traffic or Traffic(requests=1_000_000)
        measured = measured_of(*times, **fields)
        return Plan(
            name=fields.get("name", "churn"),
            digest="0" * 64,
            artifact=SMALL,
            measured=measured,
            traffic=traffic,
            prices=prices,
            p95_ms=p95_ms,
            estimates=tuple(
                estimate(
                    measured, SMALL, traffic, prices,
                    megabytes=size, architecture=architecture, package_bytes=package,
                )
                for architecture, package in KNOWN_PACKAGES.items()
                for size in memories
            ),
            extrapolations=extrapolations(measured),
            assumptions=assumptions(traffic, prices, [1000]),
        )  # fmt: skip

    return make
