"""What the processor does to products of 8-bit numbers."""

from __future__ import annotations

import platform

from coldpress.certification import cpu_flags

__all__ = ["saturates"]

_X86 = frozenset({"x86_64", "AMD64", "i686"})
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})


def saturates() -> bool:
    """Whether two products of 8-bit numbers may overflow 16 bits: on x86 without VNNI.

    There weights get 7 bits; https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    """
    return platform.machine() in _X86 and _VNNI.isdisjoint(cpu_flags())
