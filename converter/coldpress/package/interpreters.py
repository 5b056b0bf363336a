"""Finding a Python of a given version on this machine, by running each candidate.

A name on the PATH proves nothing: it may be a version manager's shim for a Python that isn't
selected, which exits with an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["find_interpreter", "run_program"]

_PROBE = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
_PROBE_SECONDS = 30
_PROGRAMS = Path(__file__).parent / "target_programs"


def find_interpreter(version: str) -> Path | None:
    """Find a CPython of exactly this minor version that runs.

    Looks at the running interpreter, then the PATH, then what pyenv and uv have installed.

    Args:
        version: Major and minor version, such as ``"3.13"``.

    Returns:
        Its path, or None if this machine has none.
    """
    return next((path for path in _candidates(version) if _runs(path, version)), None)


def run_program(  # noqa: PLR0913 - all but the first three have a default
    interpreter: Path,
    program: str,
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    said: str = "",
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one of `target_programs`, which sees the interpreter's standard library and no more.

    Args:
        interpreter: The Python that runs it.
        program: Its name.
        *arguments: What it is told.
        environment: The variables it gets; those of this process if None. Python's own have no say
            either way.
        folder: Where it runs.
        said: What it reads on its standard input.
        seconds: How long it may take; without a bound if None.

    Raises:
        subprocess.TimeoutExpired: It took longer.
    """
    return subprocess.run(  # noqa: S603 - the program is our own
        # -B: what it imports leaves nothing behind; -W: other people's warnings are not ours.
        [interpreter, "-I", "-S", "-B", "-W", "ignore", _PROGRAMS / f"{program}.py", *arguments],
        cwd=folder,
        env=environment,
        input=said,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=False,
    )


def _candidates(version: str) -> Iterator[Path]:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{version}"
    for root, pattern in _managed(version):
        yield from sorted(root.glob(pattern), reverse=True)


def _managed(version: str) -> Iterator[tuple[Path, str]]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    yield pyenv / "versions", f"{version}.*/bin/python{version}"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or "~/.local/share/uv/python").expanduser()
    yield uv, f"cpython-{version}.*/bin/python{version}"


def _runs(path: Path, version: str) -> bool:
    try:
        if not path.is_file():
            return False
        # -I and -S: neither the environment nor what is installed there has a say.
        probe = subprocess.run(  # noqa: S603 - the path is one of our candidates
            [path, "-I", "-S", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0 and probe.stdout.split() == ["cpython", version]
