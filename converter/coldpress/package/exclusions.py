"""Leaving out what no inference touches: the patterns of functions/excluded.txt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.markers import InvalidMarker, Marker

from coldpress.errors import BuildError

from .target import Target

__all__ = ["LeftOut", "leave_out"]

_LIST = "functions/excluded.txt"
_EMPTY = "empty "


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What one pattern kept out of a package.

    Attributes:
        pattern: The pattern.
        files: How many files that no pattern before it matches.
        unpacked_bytes: Their size in bytes.
    """

    pattern: str
    files: int
    unpacked_bytes: int


def leave_out(directory: Path, listing: Path, target: Target) -> tuple[LeftOut, ...]:
    """Remove the files that the list's patterns match, and the folders that are empty then.

    Args:
        directory: The package's directory.
        listing: One glob pattern on each line, below the directory; ``#`` starts a comment, and a
            marker after `` ; `` says for which targets the pattern is. After the word ``empty``,
            the files stay, without content.
        target: What the package is for.

    Returns:
        What each of the target's patterns matched, in the list's order.

    Raises:
        BuildError: A pattern can't be read, or matches nothing.
    """
    matched = [(pattern, _matches(directory, pattern)) for pattern in _patterns(listing, target)]
    for pattern, files in matched:
        if not files:
            raise BuildError(
                f"{_LIST} has the pattern {pattern}, which matches nothing in the package for "
                f"Python {target.python} on {target.architecture}; remove the line, or add a "
                'marker that says for which runtimes it is, such as ; python_version < "3.14"'
            )
    found = tuple(_counted(matched))
    for pattern, files in matched:
        for file in files:
            _remove(file, keep_name=pattern.startswith(_EMPTY))
    _remove_empty(directory)
    return found


def _patterns(listing: Path, target: Target) -> Iterator[str]:
    for line in listing.read_text("utf-8").splitlines():
        pattern, _, marker = (part.strip() for part in line.partition("#")[0].partition(" ; "))
        if not pattern:
            continue
        path = PurePosixPath(pattern.removeprefix(_EMPTY))
        if path.is_absolute() or ".." in path.parts:
            raise BuildError(f"{_LIST} has the pattern {pattern}, which leaves the package")
        if _applies(marker, target):
            yield pattern


def _applies(marker: str, target: Target) -> bool:
    try:
        return not marker or Marker(marker).evaluate(target.markers)
    except InvalidMarker as error:
        raise BuildError(
            f"{_LIST} has the marker {marker!r}, which can't be read; "
            'write such as python_version < "3.14"'
        ) from error


def _matches(directory: Path, pattern: str) -> frozenset[Path]:
    """Every file that a pattern matches, itself or by a folder above it."""
    found: set[Path] = set()
    for path in directory.glob(pattern.removeprefix(_EMPTY)):
        found.update(each for each in (path, *path.rglob("*")) if not each.is_dir())
    return frozenset(found)


def _remove(file: Path, *, keep_name: bool) -> None:
    if keep_name and file.exists():
        file.write_bytes(b"")
    else:
        file.unlink(missing_ok=True)


def _counted(matched: list[tuple[str, frozenset[Path]]]) -> Iterator[LeftOut]:
    before: set[Path] = set()
    for pattern, files in matched:
        size = sum(file.stat().st_size for file in files - before)
        yield LeftOut(pattern=pattern, files=len(files - before), unpacked_bytes=size)
        before |= files


def _remove_empty(directory: Path) -> None:
    folders = [path for path in directory.rglob("*") if path.is_dir()]
    for folder in sorted(folders, reverse=True):  # those below come before those above
        if not any(folder.iterdir()):
            folder.rmdir()
