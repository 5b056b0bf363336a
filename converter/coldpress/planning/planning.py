"""The whole of a plan: measure here, then estimate each memory size and processor, and choose."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.downloads import download
from coldpress.errors import UsageError
from coldpress.package import ARCHITECTURES
from coldpress.quiet import unheard
from coldpress.stores import bundle_or_uri

from .assumptions import assumptions, extrapolations
from .estimates import Estimate
from .estimating import estimate
from .measurement import Measured
from .measuring import measure
from .prices import Prices, read_prices
from .workload import Artifact, Traffic, package_sizes

__all__ = ["MEMORIES", "MOST_MEMORY", "Plan", "plan"]

# 1,769 MB are one vCPU, 3,538 two, 10,240 six.
MEMORIES = (128, 256, 512, 1024, 1769, 2654, 3538, 5120, 10_240)
LEAST_MEMORY, MOST_MEMORY = 128, 10_240


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a bundle takes here, and would take and cost on Lambda.

    Attributes:
        name: The model's name.
        digest: Its version.
        artifact: What a cold start fetches.
        measured: What was measured here.
        traffic: What it was planned for.
        prices: At what prices.
        p95_ms: What a warm request may take at most, 95 times in 100, in ms; None if nobody said.
        estimates: One for each memory size on each processor, the smallest first.
        extrapolations: What was not measured but follows from what was, a sentence each.
        assumptions: What is taken for granted, a sentence each.
    """

    name: str
    digest: str
    artifact: Artifact
    measured: Measured
    traffic: Traffic
    prices: Prices
    p95_ms: float | None
    estimates: tuple[Estimate, ...]
    extrapolations: tuple[str, ...]
    assumptions: tuple[str, ...]

    def best(self, architecture: str = "") -> Estimate | None:
        """The cheapest that works and is fast enough, on one processor or on any; None if none is.

        Of equals it is the one with less memory.
        """
        able = [
            each
            for each in self.estimates
            if each.meets(self.p95_ms) and architecture in ("", each.architecture)
        ]
        return min(able, key=lambda each: (each.cost.total, each.megabytes), default=None)


def plan(  # noqa: PLR0913 - all but the first two have a default
    model: str,
    traffic: Traffic,
    *,
    p95_ms: float | None = None,
    memories: Sequence[int] = MEMORIES,
    rounds: int = 5,
    package: Path | None = None,
    prices: Path | None = None,
    progress: Callable[[str], None] = unheard,
) -> Plan:
    """Plan for a bundle's directory, or for a published version, which is fetched.

    Args:
        model: A bundle's directory, or a model URI.
        traffic: What comes in.
        p95_ms: What a warm request may take at most, 95 times in 100, in ms.
        memories: The sizes to look at, in MB, from 128 to 10,240.
        rounds: How often each measurement is made, at least once.
        package: A package that was built; None for the sizes that are known.
        prices: A price file; None for Coldpress' own.
        progress: Called with each step as it begins.

    Raises:
        BundleError: It is damaged, can't be opened or can't answer.
        StoreError: It can't be fetched.
        UsageError: A memory size, the package or the price file is none.
    """
    sizes = sorted({_memory(size) for size in memories})
    asked, packages = read_prices(prices), package_sizes(package)
    with ExitStack() as opened:
        bundle = _opened(model, opened, progress)
        artifact = Artifact.of(bundle)
        measured = measure(bundle, rounds=rounds, progress=progress)
    return Plan(
        name=bundle.manifest.name,
        digest=bundle.digest,
        artifact=artifact,
        measured=measured,
        traffic=traffic,
        prices=asked,
        p95_ms=p95_ms,
        estimates=tuple(
            estimate(
                measured,
                artifact,
                traffic,
                asked,
                megabytes=size,
                architecture=architecture,
                package_bytes=packages[architecture],
            )
            for architecture in ARCHITECTURES
            for size in sizes
        ),
        extrapolations=extrapolations(measured),
        assumptions=assumptions(traffic, asked, measured.body_bytes),
    )


def _memory(size: int) -> int:
    if LEAST_MEMORY <= size <= MOST_MEMORY:
        return size
    raise UsageError(
        f"a function can't have {size:,} MB of memory; name {LEAST_MEMORY} to {MOST_MEMORY:,}"
    )


def _opened(model: str, opened: ExitStack, progress: Callable[[str], None]) -> Bundle:
    found = bundle_or_uri(model)
    if isinstance(found, Path):
        progress("Checking the bundle")
        return Bundle.open(found)
    progress(f"Fetching {model}")
    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="coldpress-plan-"))
    return download(found, Path(folder))
