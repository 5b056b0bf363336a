"""Where a build goes: it replaces an earlier one, and nothing else."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from coldpress.errors import BuildError

__all__ = ["ARCHIVE", "DIRECTORY", "RECORD", "recorded", "workshop"]

DIRECTORY = "function"
ARCHIVE = "function.zip"
RECORD = "coldpress-build.json"  # lies in every build: what is replaced must be one


@contextmanager
def workshop(output: Path) -> Iterator[Path]:
    """A temporary directory inside the output; gone afterwards, and so is what was made for it.

    Raises:
        BuildError: The output can't be written to, or something that is no build is in the way.
    """
    made = not output.exists()
    try:
        output.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(output)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=output) as folder:
            yield Path(folder).resolve()
    except FileExistsError as error:
        raise BuildError(
            f"{output} is a file and a directory is wanted; name another with --output"
        ) from error
    except OSError as error:
        raise BuildError(
            f"the function's package can't be written to {output}: {error.strerror or error}; "
            "name another directory with --output"
        ) from error
    finally:
        if made:
            with suppress(OSError):  # there is a package in it, or it never came to be
                output.rmdir()


def recorded(package: Path) -> Mapping[str, Any]:
    """What a build says of itself, directory or zip, such as ``python``; nothing if it does not."""
    try:
        if package.is_dir():
            text = (package / RECORD).read_bytes()
        else:
            with zipfile.ZipFile(package) as archive:
                text = archive.read(RECORD)
        found = json.loads(text)
    except (OSError, ValueError, KeyError, RecursionError, zlib.error, zipfile.BadZipFile):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_foreign(output: Path) -> None:
    directory, archive = output / DIRECTORY, output / ARCHIVE
    for path, ours in ((directory, _is_build(directory)), (archive, _is_archive(archive))):
        if path.exists() and not ours:
            raise BuildError(
                f"{path} is no earlier build of Coldpress and is left alone; "
                "move it away or build into another directory"
            )


def _is_build(directory: Path) -> bool:
    return (directory / RECORD).is_file()


def _is_archive(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return RECORD in archive.namelist()
