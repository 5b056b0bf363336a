"""Trying a package before it is handed over: it answers the sample events, alone.

The target's interpreter loads it with nothing else on its path, as Lambda does. So a file that was
left out although the function needs it is found here, and not by a function's first caller.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coldpress.errors import BuildError
from coldpress.resources import resource
from coldpress_runtime.pointers import ModelUri

from ._stand_in import store_stand_in
from .interpreters import run_program
from .target import GLIBC_MINOR, Target

__all__ = ["Trial", "try_package"]

_SECONDS = 120
_REMEDY = (
    "put back what functions/excluded.txt leaves out or functions/requirements.txt lacks, "
    "and build again"
)
_WITHOUT_MODEL = "http-infer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Whether a package was tried.

    Attributes:
        tried: Whether it was; a package that fails its trial is never handed over.
        reason: Why it was not; empty if it was.
        statuses: HTTP statuses by sample event, as answered.
    """

    tried: bool
    reason: str = ""
    statuses: Mapping[str, int] = field(default_factory=dict)


def try_package(
    directory: Path, target: Target, interpreter: Path | None, *, scratch: Path, bytecode: bool
) -> Trial:
    """Answer the sample events with a package, and one more without a model in reach.

    Args:
        directory: The package's directory; nothing is written there.
        target: What the package is for.
        interpreter: A Python of the target's version, if this machine has one.
        scratch: Directory to make, for the model and as a place to run.
        bytecode: Whether the package has bytecode, which must then be what runs.

    Raises:
        BuildError: The package does not answer as it should; the message says what is missing.
    """
    if interpreter is None:
        return Trial(tried=False, reason=f"there is no Python {target.python} on this machine")
    if reason := _obstacle(target):
        return Trial(tried=False, reason=reason)
    scratch.mkdir()
    uri = store_stand_in(scratch / "store")
    nowhere = uri._replace(root=(scratch / "nowhere").as_uri())
    events = {path.stem: json.loads(path.read_bytes()) for path in _samples()}
    expected = {name: 400 if "wrong" in name else 200 for name in events}
    run = _Run(directory=directory, interpreter=interpreter, scratch=scratch, bytecode=bytecode)
    run.answer(events, expected, uri)
    run.answer({_WITHOUT_MODEL: events[_WITHOUT_MODEL]}, {_WITHOUT_MODEL: 503}, nowhere)
    return Trial(tried=True, statuses=expected)


def _samples() -> list[Path]:
    return sorted(resource("events").glob("*.json"))


def _obstacle(target: Target) -> str:
    """Why this machine can't run what the target runs; empty if it can."""
    if sys.platform != "linux":
        return "this machine does not run programs for Linux"
    if (machine := platform.machine()) != target.machine:
        return (
            f"this machine's processor is {machine}, and the package is for {target.architecture}"
        )
    library, version = platform.libc_ver()
    if library != "glibc":
        return "this machine's C library is not glibc, which Lambda's is"
    if tuple(map(int, version.split(".")[:2])) < (2, GLIBC_MINOR):
        return f"this machine's glibc {version} is older than Lambda's 2.{GLIBC_MINOR}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A package and how it is run."""

    directory: Path
    interpreter: Path
    scratch: Path
    bytecode: bool

    def answer(self, events: dict[str, Any], expected: Mapping[str, int], uri: ModelUri) -> None:
        """Answer events in a process of its own, and check what came of it."""
        try:
            done = run_program(
                self.interpreter,
                "answer_events",
                self.directory,
                environment=_environment(self.directory, str(uri), self.scratch / "results"),
                folder=self.scratch,
                said=json.dumps(events),
                seconds=_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise BuildError(
                f"the package did not answer {len(events)} sample events within {_SECONDS} s; "
                "build again on a machine with less to do"
            ) from error
        if done.returncode:
            raise _failure(f"it ends with status {done.returncode}", done.stderr)
        outcome = json.loads(done.stdout.strip().rpartition("\n")[2])
        _check_statuses(outcome["statuses"], expected, done.stderr)
        self._check_files(outcome["compiled"], outcome["written"])

    def _check_files(self, compiled: list[str], written: list[str]) -> None:
        if self.bytecode and compiled:
            raise BuildError(
                f"the bytecode of {compiled[0]} was not used: {self.interpreter} compiled the "
                "module again when it was loaded; build again, or with --no-bytecode"
            )
        if written:
            raise BuildError(
                f"the package writes {written[0]} into its own folder when it runs, which Lambda "
                "does not allow; take another version of its package in functions/requirements.txt"
            )


def _environment(directory: Path, uri: str, results: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "MODEL_URI": uri,
        "COLDPRESS_RESULTS": results.as_uri(),
        "LAMBDA_TASK_ROOT": str(directory),
        "AWS_LAMBDA_FUNCTION_NAME": "trial",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "POWERTOOLS_SERVICE_NAME": "trial",
    }


def _check_statuses(found: Mapping[str, int], expected: Mapping[str, int], log: str) -> None:
    for name, status in expected.items():
        if found.get(name) != status:
            raise _failure(f"events/{name}.json got {found.get(name)} instead of {status}", log)


def _failure(what: str, log: str) -> BuildError:
    """The error with the module that is missing, if the log names one; else with its last error."""
    # A log line is JSON, where a quote may be escaped; the last one is what it failed of.
    if missing := re.findall(r"No module named \\?['\"]([\w.]+)", log):
        return BuildError(f"the package lacks the module {missing[-1]} ({what}); {_REMEDY}")
    causes: list[str] = re.findall(r"\b\w+(?:Error|Exception): [^\n\\\"]+", log)
    cause = f": {causes[-1].strip():.300}" if causes else ""
    return BuildError(f"the package does not answer as it should ({what}){cause}; {_REMEDY}")
