"""The first time that compiled code sees a model's bytes: in a process with little to spend.

onnxruntime and the boosters' libraries are written in C++: a crafted or damaged file can make them
take any memory, never end, or crash. Here that ends a child, which is told in one sentence.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from coldpress.containment import environment, leave_network
from coldpress.errors import LoadError, brief
from coldpress_runtime.session import DTYPES

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from coldpress_runtime.artifact import TensorSpec

__all__ = ["open_apart"]

Opener: TypeAlias = Callable[[bytes, Path | None], None]

# onnxruntime takes a graph's size about four times over; a forest as JSON, about ten times.
_MEMORY_BASE = 512 * 1024**2
_MEMORY_EACH = 16
_SECONDS_BASE = 60
_BYTES_A_SECOND = 2 * 1024**2
_PAGE = resource.getpagesize()


def open_apart(
    name: str, kind: str, data: bytes, *, folder: Path | None = None, outside: int = 0
) -> None:
    """Open a model once in a process of its own, with limits that grow with its size.

    Args:
        name: What to call it in a message.
        kind: Which library opens it: ``onnx``, ``xgboost``, ``lightgbm`` or ``catboost``.
        data: The file's bytes.
        folder: Where an ONNX model's external data lie.
        outside: Length of the external data in bytes.

    Raises:
        LoadError: It can't be opened, or took the process down, or ran into a limit.
    """
    memory = _MEMORY_BASE + _MEMORY_EACH * len(data) + 3 * outside
    seconds = _SECONDS_BASE + (len(data) + outside) // _BYTES_A_SECOND
    limits = [str(memory), str(seconds), *([str(folder.absolute())] if folder else [])]
    command = [sys.executable, "-P", "-m", "coldpress.load.first_open", kind, *limits]
    with tempfile.TemporaryDirectory() as home:
        try:
            done = subprocess.run(  # noqa: S603 - this program itself
                command,
                input=data,
                capture_output=True,
                env={**environment(Path(home)), "OMP_NUM_THREADS": "1"},
                timeout=2 * seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"{name} took more than {2 * seconds} s to open") from error
    if reason := _reason(done, memory):
        raise LoadError(f"{name} can't be opened by {_LIBRARIES[kind]}: {reason}")


def _reason(done: subprocess.CompletedProcess[bytes], memory: int) -> str | None:
    """Why it was not opened; None if it was."""
    try:
        answer = json.loads(done.stdout.rpartition(b"\n")[2])
    except ValueError:
        answer = {"memory": b"bad_alloc" in done.stderr}
    if answer.get("opened"):
        return None
    if answer.get("memory"):
        return f"it would take more than {memory // 1024**2} MB, which is out of all proportion"
    if "error" in answer:
        return str(answer["error"])
    end = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return f"the attempt ended with {end}, so the file is damaged, or made to do so"


def main() -> None:
    """Open what stands on standard input; the arguments are those that `open_apart` gives."""
    leave_network()
    kind, memory, seconds, *folder = sys.argv[1:]
    data = sys.stdin.buffer.read()
    opener = _OPENERS[kind]()
    if kind != "onnx":
        import_module(kind)
    _limit(int(memory), int(seconds))
    try:
        opener(data, Path(folder[0]) if folder else None)
    except MemoryError:
        answer: dict[str, object] = {"memory": True}
    except Exception as error:  # noqa: BLE001 - each library has its own; the parent tells it
        words = brief(error)
        answer = {"memory": "bad_alloc" in words or "allocate" in words, "error": words}
    else:
        answer = {"opened": True}
    print("\n" + json.dumps(answer), end="", flush=True)  # noqa: T201 - the pipe to the parent


def _limit(memory: int, seconds: int) -> None:
    """Bound what is taken from here on; what importing a library took is not the model's doing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # macOS has the limit but does not keep it, and has no /proc.
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * _PAGE + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _onnx() -> Opener:
    from coldpress_runtime.artifact import WEIGHTS_NAME  # noqa: PLC0415 - the parent needs none
    from coldpress_runtime.session import ModelSession  # noqa: PLC0415 - as above

    def opener(data: bytes, folder: Path | None) -> None:
        # The session takes any file's folder, and maps the files that the graph names.
        session = ModelSession(data, weights=folder / WEIGHTS_NAME if folder else None)
        # A loop without an end is found by the time limit; zeros may be no input, though.
        with suppress(Exception):
            session.run({spec.name: _zeros(spec) for spec in session.inputs})

    return opener


def _zeros(spec: TensorSpec) -> NDArray[Any]:
    """The smallest input of a shape."""
    shape = [1 if size == -1 else size for size in spec.shape]
    return np.full(shape, "" if spec.datatype == "BYTES" else 0, dtype=DTYPES[spec.datatype])


def _xgboost() -> Opener:
    from . import xgboost  # noqa: PLC0415 - as above

    return lambda data, _: xgboost.try_out(data)


def _lightgbm() -> Opener:
    from . import lightgbm  # noqa: PLC0415 - as above

    return lambda data, _: lightgbm.try_out(data)


def _catboost() -> Opener:
    from . import catboost  # noqa: PLC0415 - as above

    return lambda data, _: catboost.try_out(data)


_OPENERS: dict[str, Callable[[], Opener]] = {
    "onnx": _onnx,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
}
_LIBRARIES = {
    "onnx": "onnxruntime",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
}

if __name__ == "__main__":
    main()
