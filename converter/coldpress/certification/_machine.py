"""What decides, beside the model, how numbers are added up: the processor and the packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["cpu_flags", "versions_of"]

_TELLING = frozenset(
    {
        *("avx", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16"),
        *("avx_vnni", "amx_int8", "amx_bf16", "fma", "sse4_1", "sse4_2"),
        *("asimd", "asimddp", "asimdhp", "bf16", "i8mm", "sve", "sve2"),
    }
)
_CPUINFO = Path("/proc/cpuinfo")


def cpu_flags(cpuinfo: Path = _CPUINFO) -> tuple[str, ...]:
    """The processor's extensions that matter, sorted; empty where Linux doesn't tell."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            return tuple(sorted(_TELLING.intersection(value.split())))
    return ()


def versions_of(distributions: tuple[str, ...]) -> dict[str, str]:
    """Installed versions by distribution name, without those that are not installed."""
    found: dict[str, str] = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
