"""What a plan says of one function: its cold start by parts, its times, its fit and its costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .assumptions import LEAST_STORAGE
from .costing import Cost, Provisioned

__all__ = ["Basis", "ColdStart", "Estimate"]

Basis = Literal["measured", "scaled", "interpolated", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """The parts of a cold start, in ms.

    Attributes:
        placement: Until Lambda starts Python.
        start: Until Python runs the function's first line.
        imports: Of the function's modules.
        transfer: Of the artifact from the store, beside the imports.
        unpack: Of checking and decompressing it, beside them too.
        open: Of the session.
        first: The first request.
        overlapped: Whether frames are unpacked as they arrive.
    """

    placement: float
    start: float
    imports: float
    transfer: float
    unpack: float
    open: float
    first: float
    overlapped: bool

    @property
    def fetch(self) -> float:
        """Transfer and unpacking; the longer of the two where they overlap."""
        both = (self.transfer, self.unpack)
        return max(both) if self.overlapped else sum(both)

    @property
    def init(self) -> float:
        """INIT, as it is billed."""
        return self.start + max(self.imports, self.fetch) + self.open

    @property
    def total(self) -> float:
        """What the first caller waits for."""
        return self.placement + self.init + self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A function with this bundle, of some memory on some processor.

    Attributes:
        megabytes: Its memory, in MB.
        architecture: ``x86_64`` or ``arm64``.
        vcpus: What it gets of vCPUs.
        threads: Threads that the function would use.
        foreign: Whether times were measured on the other processor.
        basis: Where the latency comes from: ``measured`` as it is, ``scaled`` by a share of a vCPU,
            ``interpolated`` between one thread and two, or ``kept`` from what was measured last.
        cold: The cold start.
        p50_ms: A warm request's median, in ms.
        p95_ms: The same of 95 in 100.
        needed_megabytes: Memory that it needs, in MB.
        storage_megabytes: ``/tmp`` that it needs, in MB.
        package_bytes: Size of its package, unpacked.
        problems: Why it would not work; empty if it fits.
        notes: What to beware of; a sentence each.
        cost: A month on demand.
        provisioned: The same month with provisioned concurrency.
    """

    megabytes: int
    architecture: str
    vcpus: float
    threads: int
    foreign: bool
    basis: Basis
    cold: ColdStart
    p50_ms: float
    p95_ms: float
    needed_megabytes: int
    storage_megabytes: int
    package_bytes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    cost: Cost
    provisioned: Provisioned

    @property
    def fits(self) -> bool:
        """Whether it would work."""
        return not self.problems

    @property
    def parameters(self) -> dict[str, str]:
        """The templates' parameters that make a function of it."""
        told = {"MemorySize": str(self.megabytes), "Architecture": self.architecture}
        large = self.storage_megabytes > LEAST_STORAGE
        return told | ({"EphemeralStorage": str(self.storage_megabytes)} if large else {})

    def meets(self, p95_ms: float | None) -> bool:
        """Whether it works and its warm p95 is no more than wanted; None wants nothing."""
        return self.fits and (p95_ms is None or self.p95_ms <= p95_ms)
