"""Running the worker apart: without credentials, and ended with whoever asked for it.

The worker itself leaves the network as it starts; see `coldpress.containment`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coldpress.containment import environment
from coldpress.errors import ColdpressError, ExportError

if TYPE_CHECKING:
    from coldpress.worker import Job

__all__ = ["interruptible", "run_worker"]

_LAST_WORDS = 300


def run_worker(job: Job, *, home: Path, progress: Callable[[str], None], debug: bool) -> None:
    """Have a process of its own do a job, and wait for it.

    This keeps secrets out of the reach of a model's code by accident, and, where the system allows
    it, the network; it is no sandbox: the code runs as the same user. Trust is asked for because
    of that.

    Args:
        job: What to do.
        home: An empty directory.
        progress: Called with each step that the worker begins.
        debug: Whether to let through what it prints.

    Raises:
        ColdpressError: What the worker raised, as the same class; or `ExportError` if it died.
    """
    with tempfile.TemporaryFile() as noise, _worker(home, None if debug else noise) as child:
        outcome = _converse(child, job, progress)
        if outcome is None:
            raise _died(child.wait(), noise)
    if outcome.get("error"):
        raise ColdpressError.from_record(outcome["error"])


@contextmanager
def _worker(home: Path, errors: IO[bytes] | None) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        # -P: a model's directory must not shadow a module that the worker imports.
        [sys.executable, "-P", "-m", "coldpress.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment(home),
        # A group of its own: Ctrl-C reaches the parent, which ends the whole group.
        start_new_session=True,
    )
    try:
        yield child
    finally:
        _end(child)


def _converse(
    child: subprocess.Popen[bytes], job: Job, progress: Callable[[str], None]
) -> dict[str, Any] | None:
    """Hand over the job and follow the reports; the last one, or None if the worker died."""
    if child.stdin is None or child.stdout is None:
        raise AssertionError("the worker was started without pipes")
    try:
        child.stdin.write(job.to_line())
        child.stdin.flush()
    except BrokenPipeError:
        return None
    for line in child.stdout:
        message = _message(line)
        if message is None or "progress" not in message:
            return message
        progress(message["progress"])
    return None


def _message(line: bytes) -> dict[str, Any] | None:
    """A report, or None if the worker died while it wrote it."""
    try:
        message: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return message


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the worker and whatever it started; nothing of it shall write on."""
    # macOS refuses where Linux does nothing: in a group that holds only an ended process.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.wait()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, where nobody has decided otherwise, so that all is tidied."""
    try:
        usual = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        if usual:
            signal.signal(signal.SIGTERM, _terminate)
    except ValueError:  # not the main thread, which alone may say so
        usual = False
    try:
        yield
    finally:
        if usual:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _died(code: int, noise: IO[bytes]) -> ExportError:
    if code == -signal.SIGKILL:
        return ExportError(
            "the export was killed by the system, most likely because memory ran out; "
            "use a machine with more memory, or a smaller sample"
        )
    end = f"signal {-code}" if code < 0 else f"status {code}"
    noise.seek(0)
    words = noise.read().decode(errors="replace").strip().rpartition("\n")[2]
    said = f", and last said: {words:.{_LAST_WORDS}}" if words else ""
    return ExportError(f"the export ended without a result, with {end}{said}")
