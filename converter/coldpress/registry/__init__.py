"""Versions and channels in a store: published, moved, compared, told of, and deleted in the end."""

from .publishing import Published, describe, is_signed, publish

__all__ = ["Published", "describe", "is_signed", "publish"]
