"""How much memory this process holds."""

import resource
from pathlib import Path

__all__ = ["resident_mb"]


def resident_mb() -> float:
    """Megabytes of this process that are in memory; Linux only."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() / 1e6
