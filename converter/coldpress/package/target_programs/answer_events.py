"""Load a package as Lambda would, and answer events with it.

Argument: the package's folder. Standard input: one JSON object of events by name. The last line on
standard output is one JSON object: ``statuses`` by the events' names, and the package's files that
were ``compiled`` or ``written`` on the way, by their paths below it. What the function logs goes to
standard error.
"""

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Witness:
    """Sees what Python compiles and opens for writing below a folder."""

    def __init__(self, folder: Path) -> None:
        self._prefix = f"{folder}{os.sep}"
        self.compiled: list[str] = []
        self.written: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: https://docs.python.org/3/library/audit_events.html."""
        if event == "compile":
            self._note(arguments[1], self.compiled)
        elif event == "open" and arguments[2] & _WRITING:
            self._note(arguments[0], self.written)

    def _note(self, file: object, notes: list[str]) -> None:
        name = os.fsdecode(file) if isinstance(file, (str, bytes, os.PathLike)) else ""
        if name.startswith(self._prefix):
            notes.append(name.removeprefix(self._prefix))


class Context:
    """Lambda's context, as far as a handler reads it."""

    aws_request_id = "trial"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds that are left."""
        return 29_000


def main(folder: Path, events: dict[str, Any]) -> dict[str, Any]:
    """Answer the events, then load what no event asked for."""
    witness = Witness(folder)
    sys.addaudithook(witness)
    sys.path.insert(0, str(folder))
    statuses = {name: _status(_answer(event)) for name, event in events.items()}
    runtime = importlib.import_module("coldpress_runtime")
    for module in pkgutil.walk_packages(runtime.__path__, f"{runtime.__name__}."):
        importlib.import_module(module.name)
    return {"statuses": statuses, "compiled": witness.compiled, "written": witness.written}


def _answer(event: dict[str, Any]) -> dict[str, Any]:
    name = "batch" if "Records" in event else "predict"
    answer: dict[str, Any] = importlib.import_module(name).handler(event, Context())
    return answer


def _status(answer: dict[str, Any]) -> int:
    """An API's answer has a status; a direct caller's has one only if it is an error.

    A queue is told which of its messages were not answered.
    """
    if answer.get("batchItemFailures"):
        return 503
    return int(answer.get("statusCode", answer.get("status", 200)))


_report = sys.stdout
sys.stdout = sys.stderr
_outcome = main(Path(sys.argv[1]), json.load(sys.stdin))
_report.write(f"\n{json.dumps(_outcome)}\n")
# The handler exempts what there is from garbage collection, which would flush this at the end.
_report.flush()
