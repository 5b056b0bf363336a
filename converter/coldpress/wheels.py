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
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from .errors import BuildError, UsageError

__all__ = ["ARCHITECTURES", "DEFAULT_PYTHON", "PYTHONS", "Target", "install"]

PYTHONS = ("3.12", "3.13", "3.14")
DEFAULT_PYTHON = "3.13"
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
ARCHITECTURES = tuple(_MACHINES)

# Lambda's Python runtimes from 3.12 on are Amazon Linux 2023, whose glibc is 2.34. The other bound
# is manylinux2014's: pip derives the older tags itself.
_GLIBC_MINORS = range(34, 16, -1)
_OLD_RUNTIME = (
    "AWS Lambda runs Python {} on an Amazon Linux whose glibc is older than onnxruntime's wheels "
    "need; build for one of {}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Lambda runtime: a Python version on a processor.

    Attributes:
        python: Major and minor version, one of `PYTHONS`.
        architecture: Lambda's name of the processor, one of `ARCHITECTURES`.
    """

    python: str
    architecture: str

    def __post_init__(self) -> None:
        """Refuse what Lambda does not have, or what the function's packages can't run on."""
        if self.python in {"3.8", "3.9", "3.10", "3.11"}:
            raise UsageError(_OLD_RUNTIME.format(self.python, ", ".join(PYTHONS)))
        if self.python not in PYTHONS:
            raise UsageError(f"Python {self.python} is none of {', '.join(PYTHONS)}")
        if self.architecture not in ARCHITECTURES:
            raise UsageError(f"{self.architecture} is none of {', '.join(ARCHITECTURES)}")

    @property
    def platforms(self) -> tuple[str, ...]:
        """Every wheel platform that the runtime can load, best first."""
        machine = _MACHINES[self.architecture]
        newer = tuple(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS)
        return (*newer, f"manylinux2014_{machine}")

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which requirement markers are evaluated."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": _MACHINES[self.architecture],
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


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
