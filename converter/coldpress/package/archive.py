"""The package's zip, the same bytes for the same files, and where its bytes go."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Part", "bytecode_in", "files_below", "parts_in", "set_modes", "write_zip"]

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_BEST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a package.

    Attributes:
        name: A folder or file at the package's top.
        unpacked_bytes: Size of its files, in bytes.
        zipped_bytes: The same, compressed.
    """

    name: str
    unpacked_bytes: int
    zipped_bytes: int


def files_below(directory: Path) -> list[Path]:
    """Every file below a directory, sorted by its path as a zip spells it."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: path.relative_to(directory).as_posix())


def set_modes(directory: Path) -> None:
    """Make all of a directory readable, whatever the umask: Lambda's user is another one."""
    directory.chmod(0o755)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def write_zip(directory: Path, archive: Path) -> None:
    """Write a directory's files as a zip: sorted, with one time and one mode."""
    with zipfile.ZipFile(archive, "w") as target:
        for path in files_below(directory):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EARLIEST)
            entry.create_system = 3  # Unix: the modes below count
            entry.external_attr = 0o100644 << 16
            target.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, _BEST)


def parts_in(archive: Path) -> tuple[Part, ...]:
    """What a zip holds, by the folders and files at its top; the largest in the zip first."""
    sizes: dict[str, tuple[int, int]] = {}
    with zipfile.ZipFile(archive) as source:
        for entry in source.infolist():
            name = _top(entry.filename)
            unpacked, zipped = sizes.get(name, (0, 0))
            sizes[name] = unpacked + entry.file_size, zipped + entry.compress_size
    parts = (
        Part(name=name, unpacked_bytes=unpacked, zipped_bytes=zipped)
        for name, (unpacked, zipped) in sizes.items()
    )
    return tuple(sorted(parts, key=lambda part: (-part.zipped_bytes, part.name)))


def bytecode_in(archive: Path) -> Part:
    """What of a zip is bytecode."""
    with zipfile.ZipFile(archive) as source:
        entries = [entry for entry in source.infolist() if entry.filename.endswith(".pyc")]
    return Part(
        name="bytecode",
        unpacked_bytes=sum(entry.file_size for entry in entries),
        zipped_bytes=sum(entry.compress_size for entry in entries),
    )


def _top(name: str) -> str:
    """The part that a file belongs to; what pip says of the packages is one, whatever its name."""
    folder, separator, rest = name.partition("/")
    if folder == "__pycache__":
        return f"{rest.partition('.')[0]}.py"
    if separator and folder.endswith(".dist-info"):
        return "*.dist-info"
    return folder
