"""The command line for one of several who race: it waits for the others where they would clash.

    python -m tests.converter.registry.racing FOLDER COUNT start|write ARGUMENT…

With `write` the first write to a store waits until all have come as far, each with what it has
read; with `start` the command does.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import obstore

from coldpress.cli import main as command

_SECONDS = 60
_PUT = obstore.put


def _meet(folder: Path, count: int) -> None:
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + _SECONDS
    while len(list(folder.iterdir())) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("the others did not come")
        time.sleep(0.01)


def main() -> None:
    """Run the command."""
    folder, count, where, *arguments = sys.argv[1:]

    def put(*given: Any, **named: Any) -> Any:
        obstore.put = _PUT
        _meet(Path(folder), int(count))
        return _PUT(*given, **named)

    if where == "write":
        obstore.put = put
    else:
        _meet(Path(folder), int(count))
    sys.argv = ["coldpress", *arguments]
    command()


if __name__ == "__main__":
    main()
