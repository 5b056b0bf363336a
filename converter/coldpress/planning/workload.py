"""What is asked of the function, and what it brings along: traffic, the artifact, the package."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.errors import UsageError
from coldpress.package import ARCHITECTURES
from coldpress.package.archive import files_below
from coldpress.package.place import recorded

from .prices import APIS

__all__ = ["KNOWN_PACKAGES", "Artifact", "Traffic", "package_sizes"]

_MOST_REQUESTS = 10**15
_MOST_FACTOR = 1_000_000

# Bytes unpacked, with bytecode, for Python 3.13: see docs/package.md.
KNOWN_PACKAGES: Mapping[str, int] = {"x86_64": 102_300_000, "arm64": 90_800_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What comes in.

    Attributes:
        requests: How many a month; at least 1.
        cold_share: Which share of them are cold starts, from 0 to 1.
        peak: How many times the month's mean rate the peak is; at least 1.
        api: What stands before the function, one of `coldpress.planning.prices.APIS`.
        megabytes_per_second: How fast the store is, in millions of bytes; at least 0.001.
        free_tier: Whether Lambda's free tier is taken off.

    Raises:
        UsageError: One of them is out of its range.
    """

    requests: int
    cold_share: float = 0.01
    peak: float = 1.0
    api: str = "http-api"
    megabytes_per_second: float = 75.0
    free_tier: bool = False

    def __post_init__(self) -> None:
        """Refuse what no traffic is; NaN is in no range."""
        ranges = {
            "requests a month": (self.requests, 1, _MOST_REQUESTS),
            "the share of cold starts": (self.cold_share, 0, 1),
            "the peak's factor": (self.peak, 1, _MOST_FACTOR),
            "the store's MB/s": (self.megabytes_per_second, 0.001, _MOST_FACTOR),
        }
        for what, (value, least, most) in ranges.items():
            if not least <= value <= most:
                raise UsageError(f"{what} must be from {least:,} to {most:,}, not {value:,}")
        if self.api not in APIS:
            raise UsageError(f"{self.api!r} is no API that is known; use one of {', '.join(APIS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What a cold start fetches.

    Attributes:
        stored_bytes: Size of graph and weights in the store.
        unpacked_bytes: Their size once decompressed.
        file_bytes: What of that goes into files in ``/tmp``; 0 for a small model.
    """

    stored_bytes: int
    unpacked_bytes: int
    file_bytes: int

    @classmethod
    def of(cls, bundle: Bundle) -> Artifact:
        """A bundle's."""
        weights = bundle.manifest.weights
        blobs = [bundle.manifest.blob("model"), *([weights] if weights else [])]
        return cls(
            stored_bytes=sum(blob.size for blob in blobs),
            unpacked_bytes=sum(blob.unpacked_size for blob in blobs),
            file_bytes=sum(blob.unpacked_size for blob in blobs if blob.frames or blob is weights),
        )


def package_sizes(path: Path | None) -> dict[str, int]:
    """Bytes of the function's package, unpacked, by processor.

    Args:
        path: A package that was built, as a directory or a zip; None for the sizes that are known.
            It counts for the processor that it was built for, or for all if it does not say.

    Raises:
        UsageError: It is neither, or can't be read.
    """
    if path is None:
        return {**KNOWN_PACKAGES}
    try:
        size = _in_directory(path) if path.is_dir() else _in_zip(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path} is no package: {_reason(error)}; name what coldpress build made, function/ or "
            "function.zip"
        ) from error
    built_for = recorded(path).get("architecture")
    counted = [built_for] if built_for in ARCHITECTURES else ARCHITECTURES
    return {**KNOWN_PACKAGES, **dict.fromkeys(counted, size)}


def _in_directory(path: Path) -> int:
    return sum(file.stat().st_size for file in files_below(path))


def _in_zip(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or str(error)
