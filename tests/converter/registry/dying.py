"""Publishes in processes of their own that die by SIGKILL at a step.

One process imports what a publish needs, and forks itself for each: it has called no store by then,
whose threads would not survive that. It reads a JSON object a line, and answers with the exit code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import obstore

from coldpress import upload
from coldpress.registry import publishing

# What changes a store. Before one and after the one before it, the store is the same: twice.
_STORE = ("delete", "put")
_FILES = ("os.rename", "os.remove")


class _Steps:
    """Counts what a publish does to the store and to its bundle, and dies at one of them."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told
        self._count = 0

    def before(self, name: str) -> None:
        self._count += 1
        with Path(self._told["trace"]).open("a", encoding="utf-8") as trace:
            trace.write(f"{name}\n")
        if self._count == self._told["at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    def of(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A store's function with a step before it and one after it."""

        def called(store: Any, path: Any = "", *rest: Any, **named: Any) -> Any:
            self.before(f"before {name} {path}")
            rest = tuple(
                self._pieces(each) if isinstance(each, Iterator) else each for each in rest
            )
            try:
                return function(store, path, *rest, **named)
            finally:
                self.before(f"after {name} {path}")

        return called

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: what is done to the bundle's files."""
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_WRONLY
        if (writes or event in _FILES) and str(arguments[0]).startswith(self._told["bundle"]):
            self.before(f"{event} {arguments[0]}")

    def _pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self.before("a piece is sent")


def _publish(told: dict[str, Any]) -> None:
    os.environ.update(told["environment"])
    steps = _Steps(told)
    for name in _STORE:
        setattr(obstore, name, steps.of(name, getattr(obstore, name)))
    if told["parts"]:
        upload.upload.__kwdefaults__["largest_whole"] = 0
    sys.addaudithook(steps.hear)
    publishing.publish(told["bundle"], told["store"], channel="live", force=told["force"])


def main() -> None:
    """Fork for each line that comes, until there are no more."""
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            try:
                _publish(json.loads(line))
            except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
