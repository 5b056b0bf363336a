"""Installing wheels for the Lambda platform, whatever machine this is.

pip can install for another platform, but it reads markers such as ``python_version < "3.14"`` with
the Python that runs it, and follows dependencies by them. So markers are evaluated here, for the
target, and pip gets a complete list and the order to install nothing beyond it.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from coldpress.errors import BuildError

from .target import Target

__all__ = ["install"]


def install(requirements: Path, directory: Path, target: Target) -> None:
    """Install the listed requirements, and nothing else, into a directory.

    Args:
        requirements: One requirement on each line, complete; ``#`` starts a comment.
        directory: Where the packages go; made if need be.
        target: What they shall run on.

    Raises:
        BuildError: pip is missing or failed; the message says why.
    """
    if importlib.util.find_spec("pip") is None:
        raise BuildError(
            "pip is missing from this Python environment and fetches the function's packages; "
            f"install it with: {sys.executable} -m ensurepip --upgrade"
        )
    outcome = subprocess.run(  # noqa: S603 - the arguments are our own
        [*_pip_install(target), "--target", directory, *_wanted(requirements, target)],
        # A user install has no target. What pip leaves when it is stopped goes with our own folder.
        env={**os.environ, "PIP_USER": "0", "TMPDIR": str(directory.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise BuildError(_failure(outcome.stderr))


def _pip_install(target: Target) -> list[str]:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    platforms = [f"--platform={platform}" for platform in target.platforms]
    wheels = ["--only-binary=:all:", "--no-deps", "--implementation=cp"]
    return [*pip, *wheels, *platforms, f"--python-version={target.python}"]


def _wanted(requirements: Path, target: Target) -> Iterator[str]:
    for line in requirements.read_text("utf-8").splitlines():
        if text := line.partition("#")[0].strip():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(target.markers):
                yield f"{requirement.name}{requirement.specifier}"


def _failure(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    # "ERROR: Exception:" stands over a traceback, whose last line says more.
    errors = [line for line in lines if line.startswith("ERROR: ") and not line.endswith(":")]
    reason = (errors or lines or ["no reason given"])[-1].removeprefix("ERROR: ")
    remedy = "check that pip can reach its package index"
    if "No space left" in reason:
        remedy = "free some disk space and build again"
    return f"pip could not install the function's packages ({reason}); {remedy}"
