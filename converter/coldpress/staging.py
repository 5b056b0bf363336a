"""A bundle appears whole or not at all: it is made beside its place and moved there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coldpress.errors import BundleError, UsageError
from coldpress_runtime.artifact import MANIFEST_NAME

__all__ = ["check_target", "install", "staging_directory"]


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a place where something is that must not be replaced.

    Raises:
        UsageError: There is something that is no bundle, or a bundle and `force` is false.
    """
    if not (target.exists() or target.is_symlink()):
        return
    if not (target / MANIFEST_NAME).is_file() or target.is_symlink():
        raise UsageError(f"{target} is there already and is no bundle; choose another place")
    if not force:
        raise UsageError(
            f"{target} is there already; replace it with --force, or choose another place"
        )


@contextmanager
def staging_directory(target: Path) -> Iterator[Path]:
    """A private directory on the target's file system, gone afterwards whatever happens.

    Raises:
        BundleError: It can't be made, or written to.
    """
    parent = next(folder for folder in target.absolute().parents if folder.is_dir())
    staging: Path | None = None
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=parent))
        yield staging
    except OSError as error:
        raise BundleError(
            f"can't write to {parent}: {error.strerror or error}; choose another place"
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def install(made: Path, target: Path, *, staging: Path) -> None:
    """Move a bundle to its place; one that is there goes only once the new one can come.

    Raises:
        BundleError: It can't be moved; what was there is there again.
    """
    replaced = staging / "replaced"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(replaced)
        try:
            made.rename(target)
        except OSError:
            if replaced.exists():
                replaced.rename(target)
            raise
    except OSError as error:
        raise BundleError(
            f"can't move the bundle to {target}: {error.strerror or error}; choose another place"
        ) from error
