"""What is made appears whole or not at all: it is made beside its place and moved there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from coldpress.bundle import foreign_file
from coldpress.errors import BundleError, UsageError
from coldpress_runtime.artifact import MANIFEST_NAME, Manifest
from coldpress_runtime.errors import ArtifactError

__all__ = ["check_target", "install", "put_in_place", "staging_directory"]


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a place where something is that must not be replaced, or where nothing can be made.

    Raises:
        UsageError: There is something that is no bundle, or not only one, or a bundle and `force`
            is false, or a file where a directory should be.
        BundleError: The directory that it would be made in can't be written to.
    """
    _check_parent(target)
    if not (target.exists() or target.is_symlink()):
        return
    if foreign := "is no bundle" if target.is_symlink() else _foreign(target):
        raise UsageError(f"{target} is there already and {foreign}; choose another place")
    if not force:
        raise UsageError(
            f"{target} is there already; replace it with --force (force=True in Python), "
            "or choose another place"
        )


@contextmanager
def staging_directory(target: Path) -> Iterator[Path]:
    """A private directory on the target's file system, gone afterwards whatever happens.

    Raises:
        BundleError: It can't be made.
    """
    parent = _nearest(target)
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=parent))
    except OSError as error:
        raise _unwritable(parent, error.strerror or str(error)) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def install(made: Path, target: Path, *, staging: Path) -> None:
    """Move a bundle to its place; one that is there goes only once the new one can come.

    Raises:
        BundleError: It can't be moved; what was there is there again.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        put_in_place({made: target}, earlier=staging / "replaced")
    except OSError as error:
        raise BundleError(
            f"can't move the bundle to {target}: {error.strerror or error}; choose another place"
        ) from error


def put_in_place(made: Mapping[Path, Path], *, earlier: Path) -> None:
    """Move what was made to its places: all of it or, on any failure and on Ctrl-C, none.

    Args:
        made: Files and directories with the places where they go, all on one file system.
        earlier: Directory to make for what lies in these places.
    """
    earlier.mkdir()
    away = [(place, earlier / place.name) for place in made.values() if place.exists()]
    moves = [*away, *made.items()]
    try:
        for source, place in moves:
            source.rename(place)
    except BaseException:
        for source, place in reversed(moves):
            if place.exists() and not source.exists():
                place.rename(source)
        raise


def _foreign(target: Path) -> str:
    """What speaks against replacing a directory: anything in it that no bundle of ours holds."""
    try:
        manifest = Manifest.from_bytes((target / MANIFEST_NAME).read_bytes())
    except (OSError, ArtifactError):
        return "is no bundle"
    other = foreign_file(target, manifest)
    return f"holds {other}, which is no part of the bundle" if other else ""


def _check_parent(target: Path) -> None:
    parent = _nearest(target)
    if not parent.is_dir():
        raise UsageError(
            f"{parent} is no directory, so {target} can't be made in it; choose another place"
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _unwritable(parent, "it is not writable")


def _nearest(target: Path) -> Path:
    """The closest of the directories above that is there."""
    above = target.absolute().parents
    return next((folder for folder in above if os.path.lexists(folder)), target)


def _unwritable(parent: Path, reason: str) -> BundleError:
    return BundleError(f"can't write to {parent}: {reason}; choose another place")
