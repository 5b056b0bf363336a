"""Files that ship with Coldpress and are no Python of its own: handlers, templates, events.

A wheel carries them inside the package; a clone has them at the root of the repository.
"""

from __future__ import annotations

from pathlib import Path

from .errors import ColdpressError

__all__ = ["resource"]

_PACKAGE = Path(__file__).resolve().parent
# The wheel's folder comes first: whatever lies two folders above an installed package isn't ours.
_ROOTS = (_PACKAGE / "_data", _PACKAGE.parents[1])


def resource(*parts: str) -> Path:
    """Find a shipped file or folder.

    Args:
        *parts: Its path as in the repository, such as ``"functions", "predict.py"``.

    Raises:
        ColdpressError: It isn't there: the installation is broken.
    """
    for root in _ROOTS:
        if (path := root.joinpath(*parts)).exists():
            return path
    raise ColdpressError(
        f"{'/'.join(parts)} is missing from this installation of coldpress; install it again"
    )
