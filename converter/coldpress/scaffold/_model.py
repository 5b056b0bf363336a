"""The model that a project begins with: a bundle as it lies, or a published one, fetched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from coldpress.bundle import COMPANIONS, Bundle, writing
from coldpress.downloads import download
from coldpress.stores import bundle_or_uri
from coldpress_runtime.artifact import MANIFEST_NAME

__all__ = ["copied", "opened"]


def opened(model: str, place: Path, progress: Callable[[str], None]) -> Bundle:
    """A bundle where it lies, or a version that is fetched.

    Args:
        model: A bundle's directory, or a model URI.
        place: Where a version is fetched to; not there yet.
        progress: Called with each step as it begins.

    Raises:
        UsageError: The model is neither of the two.
        BundleError: The bundle is damaged.
        StoreError: The published model can't be read.
    """
    found = bundle_or_uri(model)
    if isinstance(found, Path):
        return Bundle.open(found)
    progress(f"Fetching {found}")
    place.mkdir()
    return download(found, place)


def copied(bundle: Bundle, place: Path) -> Bundle:
    """A bundle's own files in another place, and nothing that lies beside them.

    Raises:
        BundleError: They can't be written.
    """
    names = [MANIFEST_NAME, *(blob.path for blob in bundle.manifest.blobs)]
    names += [name for name in COMPANIONS if (bundle.path / name).exists()]
    with writing("the project's model"):
        place.mkdir()
        for name in names:
            shutil.copyfile(bundle.path / name, place / name)
    return Bundle.open(place)
