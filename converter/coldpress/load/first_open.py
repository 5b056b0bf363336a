"""A foreign ONNX file's first session, in a process of its own with little memory and time.

A file of 152 bytes can ask for hundreds of megabytes when a session is made of it. Here that ends
a process that nobody misses: `python -m coldpress.load.first_open FOLDER` reads the graph from
standard input, opens it, and exits 0, or says on standard error why not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from coldpress.containment import environment
from coldpress.errors import LoadError
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.options import SessionOptions

__all__ = ["check_opens", "main"]

# Python, numpy and onnxruntime take 1.3 GB of addresses, little of it as memory.
_LEAST_BYTES = 4 * 1024**3
_TIMES_SIZE = 6
_LEAST_SECONDS = 60
_BYTES_A_SECOND = 20_000_000


def check_opens(name: str, model: OnnxFile, home: Path) -> None:
    """Have another process open the model first.

    Args:
        name: What to call it in messages.
        model: The model.
        home: An empty directory.

    Raises:
        LoadError: It can't be opened, or not with as much memory and time as a model of its size
            could need.
    """
    size = model.size
    memory, seconds = _LEAST_BYTES + _TIMES_SIZE * size, _LEAST_SECONDS + size // _BYTES_A_SECOND
    command = [sys.executable, "-P", "-m", "coldpress.load.first_open"]
    command += [str(memory), str(model.folder or "")]
    try:
        done = subprocess.run(  # noqa: S603 - this module, in this interpreter
            command,
            input=model.graph,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=environment(home),
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(
            f"{name} could not be opened within {seconds} s, which a model of its size never needs"
        ) from error
    if done.returncode == 0:
        return
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    if said.startswith("refused: "):
        raise LoadError(f"{name} can't be served: {said.removeprefix('refused: ')}")
    raise LoadError(
        f"{name} could not be opened with {memory // 1024**2:,} MiB of memory, which a model of "
        "its size never needs; it is damaged or forged"
    )


def main() -> None:
    """Open the graph on standard input within the memory that the first argument allows."""
    _limit(int(sys.argv[1]))
    folder = Path(sys.argv[2]) if sys.argv[2] else None
    model = OnnxFile(graph=sys.stdin.buffer.read(), folder=folder)
    try:
        model.open(SessionOptions(prepacking=False))
    except ArtifactError as error:
        # Memory that ran out is no word about the model: the exit status alone tells of it.
        if "bad_alloc" not in str(error):
            sys.stderr.write(f"refused: {error}\n")
        sys.exit(1)


def _limit(memory: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    if sys.platform == "linux":  # elsewhere addresses can't be limited
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
