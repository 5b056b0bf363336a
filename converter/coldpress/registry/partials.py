"""What a directory store holds of objects whose writing was cut off: obstore lists none of it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from .conditional import folder_of

__all__ = ["sweep"]

# obstore writes `name#1` and renames it; it numbers on where that is there already.
_PARTIAL = re.compile(r"#\d+$")
# A file that somebody is writing is younger, however long that takes.
_LEAST_AGE = timedelta(hours=1)


def sweep(root: str, model: str, before: datetime) -> None:
    """Delete what was left of objects that were never whole.

    Args:
        root: URL of the store; only a directory has such files.
        model: The model's name.
        before: Only what was last written before this, and an hour ago or more.
    """
    if (folder := folder_of(root)) is None:
        return
    latest = min(before, datetime.now(UTC) - _LEAST_AGE).timestamp()
    for path in (folder / model).rglob("*#*"):
        with suppress(FileNotFoundError):  # whole by now, or somebody else's to delete
            if _PARTIAL.search(path.name) and path.is_file() and path.stat().st_mtime < latest:
                path.unlink()
