"""How large a package may be: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from coldpress.errors import BuildError

from .archive import files_below

__all__ = ["DIRECT_BYTES", "MOST_BYTES", "MOST_IMAGE_BYTES", "checked_size"]

MOST_BYTES = 250 * 1024 * 1024  # unzipped, layers included
MOST_IMAGE_BYTES = 10 * 1024**3  # uncompressed, with what else is in the image
DIRECT_BYTES = 50 * 1024 * 1024  # zipped, sent to Lambda itself rather than through S3
_NAMED = 3


def checked_size(directory: Path, most_bytes: int | None, *, image: bool = False) -> int:
    """The size of a directory's files in bytes.

    Args:
        directory: The package's directory.
        most_bytes: The user's own limit, inclusive; None for Lambda's alone.
        image: Whether it goes into a container image, which may be larger than a zip.

    Raises:
        BuildError: It is above Lambda's limit or the user's; the message names the largest parts.
    """
    parts: Counter[str] = Counter()
    for file in files_below(directory):
        parts[file.relative_to(directory).parts[0]] += file.stat().st_size
    size, largest = parts.total(), parts.most_common(_NAMED)
    named = ", ".join(f"{name} {taken / 1e6:.1f} MB" for name, taken in largest)
    lambdas_own = MOST_IMAGE_BYTES if image else MOST_BYTES
    if size > lambdas_own:
        way_out = "" if image else ", or build it for a container image with --image"
        raise BuildError(
            f"the package holds {size:,} bytes and AWS Lambda takes {lambdas_own:,} at most "
            f"({named}); remove packages from functions/requirements.txt, leave more out "
            f"with functions/excluded.txt{way_out}"
        )
    if most_bytes is not None and size > most_bytes:
        raise BuildError(
            f"the package holds {size:,} bytes and your limit is {most_bytes:,} ({named}); "
            "raise --max-mb (most_bytes in Python), or leave more out with functions/excluded.txt"
        )
    return size
