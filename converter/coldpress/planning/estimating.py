"""From what was measured here to a function of some memory: its times, and whether it fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from coldpress.package.limits import MOST_BYTES
from coldpress_runtime.options import MEGABYTES_PER_CPU, threads_for

from .assumptions import (
    HEADROOM_MEGABYTES,
    HEADROOM_SHARE,
    INIT_MS,
    LEAST_STORAGE,
    MEASURED_CPUS,
    MEGABYTE,
    MOST_CPUS,
    PLACEMENT_MS,
    STORE_REQUEST_MS,
    STORE_REQUESTS,
)
from .costing import Running, metered, on_demand, provisioned
from .estimates import Basis, ColdStart, Estimate
from .measurement import Measured, Measurement
from .prices import Prices
from .workload import Artifact, Traffic

__all__ = ["estimate"]

_MOST_STORAGE = 10_240
# What lies in /tmp beside a model's files.
_SPARE_STORAGE = 64
# Seconds after which an API ends a request; a function URL waits as long as the function may run.
_PATIENCE = {"http-api": 30.0, "rest-api": 29.0, "function-url": 900.0}


def estimate(  # noqa: PLR0913 - what a function consists of
    measured: Measured,
    artifact: Artifact,
    traffic: Traffic,
    prices: Prices,
    *,
    megabytes: int,
    architecture: str,
    package_bytes: int,
) -> Estimate:
    """What a function of some memory would do and cost.

    Args:
        measured: What was measured here.
        artifact: What a cold start fetches.
        traffic: What comes in.
        prices: What it costs.
        megabytes: Its memory, in MB, from 128 to 10,240.
        architecture: ``x86_64`` or ``arm64``.
        package_bytes: Size of its package, unpacked.
    """
    threads = threads_for(megabytes)
    at_hand = measured.with_threads(threads)
    cold = _cold_start(measured, artifact, traffic, megabytes)
    warm, slow = (
        _scaled(measured, megabytes, figure)
        for figure in (lambda each: each.request.median, lambda each: each.request_p95.median)
    )
    needed = _needed(at_hand)
    storage = _storage(artifact)
    running = Running(
        architecture=architecture,
        megabytes=megabytes,
        storage_megabytes=min(storage, _MOST_STORAGE),
        warm_ms=warm,
        cold_ms=cold.init + cold.first,
        metered=metered(traffic.api, measured.body_bytes),
    )
    lacks = _lacks(megabytes, needed, storage, package_bytes)
    return Estimate(
        megabytes=megabytes,
        architecture=architecture,
        vcpus=_vcpus(megabytes),
        threads=threads,
        foreign=architecture != measured.architecture,
        basis=_basis(measured, megabytes),
        cold=cold,
        p50_ms=warm,
        p95_ms=slow,
        needed_megabytes=needed,
        storage_megabytes=storage,
        package_bytes=package_bytes,
        problems=(*lacks, *_too_slow(slow, traffic)),
        notes=tuple(_notes(cold, traffic)),
        cost=on_demand(running, traffic, prices),
        provisioned=provisioned(running, traffic, prices),
    )


def _vcpus(megabytes: int) -> float:
    return min(MOST_CPUS, megabytes / MEGABYTES_PER_CPU)


def _basis(measured: Measured, megabytes: int) -> Basis:
    cpus, threads = _vcpus(megabytes), threads_for(megabytes)
    if cpus < 1:
        return "scaled"
    if threads == 1:  # a part of a second vCPU is of no use to one thread
        return "measured"
    if cpus < MEASURED_CPUS and max(measured.by_threads) > 1:
        return "interpolated"
    return "measured" if cpus == MEASURED_CPUS and max(measured.by_threads) > 1 else "kept"


def _scaled(measured: Measured, megabytes: int, figure: Callable[[Measurement], float]) -> float:
    """A time of a request with some memory; the bases are those of `Estimate`."""
    one, two = figure(measured.with_threads(1)), figure(measured.with_threads(2))
    match _basis(measured, megabytes):
        case "scaled":
            return one / _vcpus(megabytes)
        case "interpolated":
            return one + (two - one) * (_vcpus(megabytes) - 1)
    return one if threads_for(megabytes) == 1 else two


def _cold_start(
    measured: Measured, artifact: Artifact, traffic: Traffic, megabytes: int
) -> ColdStart:
    found = measured.with_threads(threads_for(megabytes))
    per_ms = traffic.megabytes_per_second * 1000
    return ColdStart(
        placement=PLACEMENT_MS,
        start=found.start.median,
        imports=found.imports.median,
        transfer=STORE_REQUESTS * STORE_REQUEST_MS + artifact.stored_bytes / per_ms,
        unpack=found.unpack.median,
        open=found.open.median,
        first=_scaled(measured, megabytes, lambda each: each.first.median),
        overlapped=artifact.file_bytes > 0,
    )


def _needed(found: Measurement) -> int:
    """MB of memory that a function needs, for the most that was held here."""
    held = found.peak_bytes / MEGABYTE
    return math.ceil(held + max(HEADROOM_MEGABYTES, HEADROOM_SHARE * held))


def _storage(artifact: Artifact) -> int:
    """MB of ``/tmp`` that a function needs."""
    if not artifact.file_bytes:
        return LEAST_STORAGE
    return max(LEAST_STORAGE, math.ceil(artifact.file_bytes / MEGABYTE) + _SPARE_STORAGE)


def _lacks(megabytes: int, needed: int, storage: int, package_bytes: int) -> Iterator[str]:
    if megabytes < needed:
        yield f"needs {needed:,} MB of memory"
    if storage > _MOST_STORAGE:
        yield f"needs {storage:,} MB of /tmp, of which there are {_MOST_STORAGE:,} at most"
    if package_bytes > MOST_BYTES:
        yield f"its package has {package_bytes:,} bytes, above {MOST_BYTES:,}"


def _too_slow(p95_ms: float, traffic: Traffic) -> Iterator[str]:
    patience = _PATIENCE[traffic.api]
    if p95_ms > patience * 1000:
        yield f"a request takes longer than the {traffic.api} waits, {patience:g} s"


def _notes(cold: ColdStart, traffic: Traffic) -> Iterator[str]:
    patience = _PATIENCE[traffic.api]
    if cold.init > INIT_MS:
        yield (
            f"INIT takes longer than {INIT_MS / 1000:g} s and ends without the model: the first "
            "request waits for the rest"
        )
    if cold.total > patience * 1000:
        yield f"a cold start takes longer than the {traffic.api} waits, {patience:g} s"
