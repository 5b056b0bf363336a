"""All candidates, in the order in which they are tried."""

from __future__ import annotations

from . import float16, int8_dynamic, int8_static, stored_float16, stored_int8, weight_only

__all__ = ["CANDIDATES"]

CANDIDATES = (
    *int8_dynamic.CANDIDATES,
    *int8_static.CANDIDATES,
    *stored_int8.CANDIDATES,
    *weight_only.CANDIDATES,
    *stored_float16.CANDIDATES,
    *float16.CANDIDATES,
)
