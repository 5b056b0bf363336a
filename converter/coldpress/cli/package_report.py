"""Where a package's bytes go, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict

from coldpress.package import Package
from coldpress.units import human_bytes

from .command import console, say

__all__ = ["print_report", "report_document"]

_BAR = 28  # columns of the largest part's bar
_EIGHTHS = " ▏▎▍▌▋▊▉"


def report_document(package: Package) -> dict[str, object]:
    """The report, ready for JSON; a part's share is that of the compressed bytes."""
    total = _total(package)
    return {
        "parts": [{**asdict(p), "share": round(p.zipped_bytes / total, 4)} for p in package.parts],
        "left_out": [asdict(each) for each in package.left_out],
        "left_out_bytes": sum(each.unpacked_bytes for each in package.left_out),
    }


def print_report(package: Package) -> None:
    """Print each part with its bar, the bytecode's share, and what was left out."""
    _print_parts(package)
    bytecode = package.bytecode
    if package.has_bytecode:
        say(
            f"\nOf it, bytecode is {human_bytes(bytecode.unpacked_bytes)}, "
            f"{human_bytes(bytecode.zipped_bytes)} zipped "
            f"({bytecode.zipped_bytes / _total(package):.1%})."
        )
    _print_left_out(package)


def _print_parts(package: Package) -> None:
    total, largest = _total(package), max(part.zipped_bytes for part in package.parts)
    width = max(len(part.name) for part in package.parts)
    say("\n", (f"{'part':<{width}}  {'unpacked':>9}  {'zipped':>9}  share", "dim"))
    for part in package.parts:
        share = part.zipped_bytes / total
        say(
            f"{part.name:<{width}}  {human_bytes(part.unpacked_bytes):>9}  "
            f"{human_bytes(part.zipped_bytes):>9}  {share:>5.1%}  ",
            (_bar(part.zipped_bytes / largest), "cyan"),
        )


def _print_left_out(package: Package) -> None:
    left_out = sorted(package.left_out, key=lambda each: -each.unpacked_bytes)
    size = sum(each.unpacked_bytes for each in left_out)
    files = sum(each.files for each in left_out)
    say(f"\nLeft out: {human_bytes(size)}, {files:,} files (functions/excluded.txt)")
    say((f"{'unpacked':>11}  files  pattern", "dim"))
    for each in left_out:
        say(f"  {human_bytes(each.unpacked_bytes):>9}  {each.files:>5}  {each.pattern}")


def _total(package: Package) -> int:
    return sum(part.zipped_bytes for part in package.parts)


def _bar(fraction: float) -> str:
    """A bar of whole blocks and one that is finer; plain where the terminal has no blocks."""
    if console.options.ascii_only:
        return "#" * round(fraction * _BAR)
    whole, eighths = divmod(round(fraction * _BAR * len(_EIGHTHS)), len(_EIGHTHS))
    return ("█" * whole + _EIGHTHS[eighths]).rstrip()
