"""Sample events as files: of a project that is laid down, or of a model that has become another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.errors import UsageError
from coldpress.quiet import unheard
from coldpress.staging import put_in_place, staging_directory

from ._model import opened
from .sample_events import sample_events

__all__ = ["event_files", "write_events"]


def event_files(bundle: Bundle) -> Mapping[str, str]:
    """Each sample event as a file's text, by the file's name."""
    return {
        f"{name}.json": f"{json.dumps(event, indent=2)}\n"
        for name, event in sample_events(bundle).items()
    }


def write_events(
    model: str, folder: Path, *, progress: Callable[[str], None] | None = None
) -> tuple[Path, ...]:
    """Write a model's sample events, in the place of those of the same names; others stay.

    Args:
        model: A bundle's directory, or a model URI.
        folder: Where to; made if need be.
        progress: Called with each step as it begins.

    Returns:
        The files, sorted.

    Raises:
        UsageError: The model is neither of the two, or a file can't be put in its place.
        BundleError: The bundle is damaged, or the folder can't be written to.
        StoreError: The published model can't be read.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a directory for the events")
    with staging_directory(folder) as staging:
        texts = event_files(opened(model, staging / "model", progress or unheard))
        for name, text in texts.items():
            (staging / name).write_text(text, "utf-8")
        places = {staging / name: folder / name for name in sorted(texts)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            put_in_place(places, earlier=staging / "earlier")
        except OSError as error:
            raise UsageError(
                f"can't write to {error.filename or folder}: {error.strerror or error}; name "
                "another directory"
            ) from error
    return tuple(places.values())
