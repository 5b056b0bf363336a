"""The function's package: a directory, and the same as a zip, for a given Lambda runtime.

Two builds of the same sources give the same zip, byte for byte, so that a deployment changes the
function only when something in it changed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import coldpress_runtime

from .errors import BuildError
from .resources import resource
from .staging import put_in_place
from .wheels import ARCHITECTURES, DEFAULT_PYTHON, PYTHONS, Target, install

__all__ = ["ARCHITECTURES", "DEFAULT_PYTHON", "MOST_BYTES", "PYTHONS", "Package", "build"]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB, unzipped.
MOST_BYTES = 250 * 1024 * 1024

_DIRECTORY = "function"
_ARCHIVE = "function.zip"
_RECORD = "coldpress-build.json"  # lies in every build: what is replaced must be one
_HANDLERS = ("predict.py",)

# pip's own books hold paths of this machine, through the scripts that a function never runs.
_LEFT_OUT = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A function that was built.

    Attributes:
        directory: What the function's code directory will hold.
        archive: The same as a zip.
        python: Version of the Lambda runtime it is for, such as ``3.13``.
        architecture: Processor it is for, ``x86_64`` or ``arm64``.
        unpacked_bytes: Size of the directory's files, in bytes.
        zipped_bytes: Size of the zip, in bytes.
    """

    directory: Path
    archive: Path
    python: str
    architecture: str
    unpacked_bytes: int
    zipped_bytes: int


def build(
    output: Path,
    *,
    python: str = DEFAULT_PYTHON,
    architecture: str = "x86_64",
    progress: Callable[[str], None] = lambda _: None,
) -> Package:
    """Build the function's package: handler, runtime library and wheels for the target.

    An earlier build in the same place stays as it is until the new one is complete.

    Args:
        output: Directory for ``function/`` and ``function.zip``; made if need be.
        python: Version of the Lambda runtime, one of `PYTHONS`.
        architecture: Its processor, one of `ARCHITECTURES`.
        progress: Called with what is being done, before each of the long steps.

    Raises:
        UsageError: Unknown Python version or architecture.
        BuildError: The package can't be built, or something else is where it should go.
    """
    target = Target(python=python, architecture=architecture)
    with _workshop(output) as workshop:
        directory, archive = workshop / _DIRECTORY, workshop / _ARCHIVE
        progress(f"Installing the function's packages for Python {python} on {architecture}")
        install(resource("functions", "requirements.txt"), directory, target)
        _add_sources(directory, target)
        unpacked_bytes = _tidied(directory)
        progress("Writing the zip")
        _write_zip(directory, archive)
        zipped_bytes = archive.stat().st_size
        made = {workshop / name: output / name for name in (_DIRECTORY, _ARCHIVE)}
        put_in_place(made, earlier=workshop / "earlier")
    return Package(
        directory=output / _DIRECTORY,
        archive=output / _ARCHIVE,
        python=python,
        architecture=architecture,
        unpacked_bytes=unpacked_bytes,
        zipped_bytes=zipped_bytes,
    )


@contextmanager
def _workshop(output: Path) -> Iterator[Path]:
    """A temporary directory inside the output; gone afterwards, and so is what was made for it."""
    made = not output.exists()
    try:
        output.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(output)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=output) as workshop:
            yield Path(workshop)
    except OSError as error:
        raise BuildError(
            f"the function's package can't be written to {output}: {error.strerror or error}"
        ) from error
    finally:
        if made:
            with suppress(OSError):  # there is a package in it, or it never came to be
                output.rmdir()


def _refuse_foreign(output: Path) -> None:
    directory, archive = output / _DIRECTORY, output / _ARCHIVE
    for path, ours in ((directory, _is_build(directory)), (archive, _is_archive(archive))):
        if path.exists() and not ours:
            raise BuildError(
                f"{path} is no earlier build of Coldpress and is left alone; "
                "move it away or build into another directory"
            )


def _is_build(directory: Path) -> bool:
    return (directory / _RECORD).is_file()


def _is_archive(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _RECORD in archive.namelist()


def _add_sources(directory: Path, target: Target) -> None:
    for name in _HANDLERS:
        shutil.copyfile(resource("functions", name), directory / name)
    runtime = Path(coldpress_runtime.__path__[0])
    no_caches = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(runtime, directory / runtime.name, ignore=no_caches)
    record = {
        "coldpress": version("coldpress"),
        "python": target.python,
        "architecture": target.architecture,
    }
    (directory / _RECORD).write_text(f"{json.dumps(record, indent=2)}\n", "utf-8")


def _tidied(directory: Path) -> int:
    """Leave out what no function needs, make all of it readable; returns the size in bytes."""
    for pattern in _LEFT_OUT:
        for path in directory.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    directory.chmod(0o755)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    size = sum(path.stat().st_size for path in _files(directory))
    if size > MOST_BYTES:
        raise BuildError(
            f"the package holds {size:,} bytes and AWS Lambda takes {MOST_BYTES:,} at most; "
            "remove packages from functions/requirements.txt"
        )
    return size


def _files(directory: Path) -> list[Path]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: path.relative_to(directory).as_posix())


def _write_zip(directory: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as target:
        for path in _files(directory):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the modes below count
            entry.external_attr = 0o100644 << 16
            with path.open("rb") as source, target.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink)
