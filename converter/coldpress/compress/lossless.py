"""Zstandard at level 19: slow to pack, and unpacked at hundreds of MB/s whatever the level."""

from __future__ import annotations

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from backports import zstd  # type: ignore[no-redef,unused-ignore]

__all__ = ["pack"]

_LEVEL = 19


def pack(model: bytes) -> bytes:
    """The model as one zstd frame, the same bytes for the same model."""
    packed: bytes = zstd.compress(model, level=_LEVEL)
    return packed
