"""Bytecode for the target's Python, made by a Python of that version.

Lambda's code directory is read-only: without bytecode in the package a function compiles all that
it imports at every cold start. With unchecked hashes in the place of times the same sources give
the same bytes, and the function is spared a look at each source.
"""

from __future__ import annotations

import json
from pathlib import Path

from coldpress.errors import BuildError

from .interpreters import find_interpreter, run_program

__all__ = ["compile_modules", "required_interpreter"]

# Where Lambda unpacks a function: tracebacks name files there, and nothing of this machine.
_TASK_ROOT = "/var/task"


def required_interpreter(python: str) -> Path:
    """A Python of the version that the bytecode is for.

    Raises:
        BuildError: This machine has none; the message says how to get one.
    """
    if interpreter := find_interpreter(python):
        return interpreter
    raise BuildError(
        f"bytecode for Python {python} is compiled by that version, which is not on this machine; "
        f"install it (uv python install {python}, pyenv install {python}, apt install "
        f"python{python}, or from python.org), or build with --no-bytecode (bytecode=False in "
        "Python) for a function that compiles at every cold start"
    )


def compile_modules(directory: Path, interpreter: Path, python: str) -> None:
    """Put bytecode beside every module below a directory.

    Args:
        directory: The package's directory.
        interpreter: A Python of the target's version.
        python: That version.

    Raises:
        BuildError: A module does not compile for that version, or the disk is full.
    """
    outcome = run_program(interpreter, "compile_modules", directory, _TASK_ROOT)
    if outcome.returncode:
        last = outcome.stderr.strip().rpartition("\n")[2]
        raise BuildError(
            f"{interpreter} could not compile the package's modules ({last}); "
            "mend what it says, or build with --no-bytecode"
        )
    failures: dict[str, str] = json.loads(outcome.stdout)
    for name, reason in failures.items():
        more = f", and {len(failures) - 1} more do not" if len(failures) > 1 else ""
        raise BuildError(
            f"{name} does not compile for Python {python} ({reason}){more}; leave it out with a "
            "pattern in functions/excluded.txt if the function does without, or take another "
            "version of its package in functions/requirements.txt"
        )
