"""A first run in a process of its own: what a quantiser made may crash onnxruntime.

A transformer that onnxruntime 1.32's own converter puts into float16 does, when it is opened.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.onnx_file import OnnxFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["try_out", "write_rows"]

_PROGRAM = Path(__file__).with_name("_trial_program.py")
_SECONDS = 600.0
_ROWS = "rows.npz"


def write_rows(tensors: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Write the rows that trials run."""
    numbered = (
        array.astype(str) if array.dtype.kind == "O" else array for array in tensors.values()
    )
    # Numbered, since an input's name may be any text.
    np.savez(folder / _ROWS, *numbered)


def try_out(
    model: OnnxFile, names: list[str], rows: Path, folder: Path, *, seconds: float = _SECONDS
) -> str:
    """Open a model and run some rows twice; what goes wrong, or an empty text.

    Args:
        model: The model.
        names: Its inputs, in the order of the rows.
        rows: Where `write_rows` wrote.
        folder: Where the graph may be written.
        seconds: How long it may take.
    """
    graph = folder / "tried.onnx"
    graph.write_bytes(model.graph)
    command = [sys.executable, "-P", str(_PROGRAM), str(graph), str(rows / _ROWS)]
    command += [str(model.weights or ""), *names]
    try:
        done = subprocess.run(  # noqa: S603 - the project's own program
            command, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return f"opening it and running a row takes more than {seconds:g} s"
    finally:
        graph.unlink()
    return _told(done)


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"onnxruntime crashes on it, {signal.Signals(-done.returncode).name}"
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].partition(": ")[2] or lines[-1] if lines else "it can't be run"
