"""What the figures were measured on, in words that name no host."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

__all__ = ["describe", "pinned_versions"]

_GIBIBYTE = 1024**3


def describe(python_version: str) -> dict[str, Any]:
    """The machine, as it goes into the results.

    Args:
        python_version: Full version of the Python that the variants run on.
    """
    return {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "python": python_version,
        "load_before": round(os.getloadavg()[0], 2),
    }


def pinned_versions(directory: Path) -> dict[str, str]:
    """Name and version of every package in a deployment package."""
    found = {each.metadata["Name"]: each.version for each in distributions(path=[str(directory)])}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
