"""The console script, and `python -m coldpress`."""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; who interrupts it while it is still imported gets a word, too."""
    try:
        from .cli import main as run  # noqa: PLC0415 - takes a moment
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
