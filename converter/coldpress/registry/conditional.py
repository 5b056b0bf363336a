"""What keeps two writers apart: conditions of object storage, and in a directory a file's lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import obstore

__all__ = ["folder_of", "unchanged"]


def folder_of(root: str) -> Path | None:
    """The directory that a store is; None for object storage.

    There obstore knows no write on condition but that of what is not there yet; a file's lock
    stands in for the others.
    """
    return Path(unquote(urlsplit(root).path)) if root.startswith("file://") else None


def unchanged(found: obstore.PutResult | obstore.ObjectMeta) -> obstore.UpdateVersion:
    """The mode of a write that replaces what was found or written, and nothing that came later."""
    update: obstore.UpdateVersion = {"e_tag": found["e_tag"]}
    if found["version"] is not None:
        update["version"] = found["version"]
    return update
