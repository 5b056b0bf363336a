"""Sizes of the deployment packages: unpacked, and as the zip that Lambda is given."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path
from typing import Any

from typing_extensions import Buffer

from .environments import Variant
from .workspace import say

__all__ = ["measure", "unpacked_bytes", "zipped_bytes"]


class _Counter(RawIOBase):
    """A file that keeps nothing but its length."""

    def __init__(self) -> None:
        super().__init__()
        self.length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        size = memoryview(data).nbytes
        self.length += size
        return size


def measure(variants: list[Variant]) -> dict[str, Any]:
    """Bytes of each package, by variant: ``unpacked`` and ``zipped``."""
    with ThreadPoolExecutor(2) as pool:
        # The largest stand last and take longest.
        found = dict(pool.map(_sizes, reversed(variants)))
    return {each.key: found[each.key] for each in variants}


def unpacked_bytes(directory: Path) -> int:
    """The sizes of all files, added up."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def zipped_bytes(directory: Path) -> int:
    """Length of a zip of a directory, deflated as `zip` and AWS's tools do by default."""
    counter = _Counter()
    with zipfile.ZipFile(counter, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                archive.writestr(str(path.relative_to(directory)), path.read_bytes())
    return counter.length


def _sizes(variant: Variant) -> tuple[str, dict[str, int]]:
    say("sizes", variant.key)
    unpacked, zipped = unpacked_bytes(variant.directory), zipped_bytes(variant.directory)
    return variant.key, {"unpacked": unpacked, "zipped": zipped}
