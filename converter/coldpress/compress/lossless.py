"""Zstandard at level 19: slow to pack, and unpacked at hundreds of MB/s whatever the level."""

from __future__ import annotations

# Which of the two is there depends on the Python that mypy runs on, and so which ignore is used.
try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # from 3.14 on
except ImportError:
    from backports import zstd  # type: ignore[no-redef,unused-ignore]  # before 3.14

__all__ = ["pack"]

_LEVEL = 19


def pack(model: bytes) -> bytes:
    """The model as one zstd frame, the same bytes for the same model."""
    packed: bytes = zstd.compress(model, level=_LEVEL)
    return packed
