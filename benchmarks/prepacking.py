"""What prepacking gives and costs: mapped weights beside packed ones, by the number of rows.

    python -m benchmarks.prepacking [--megabytes 1000]

Prints a Markdown table of milliseconds, as docs/cold-start.md has. The model is a stack of
`large_models`, laid out as `coldpress export` does, in the page cache; one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from coldpress.layout import lay_out
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.options import SessionOptions
from coldpress_runtime.session import ModelSession

from .large_models import STACKS, write

_ROWS = (1, 4, 16, 64, 128)
_ROUNDS = 7


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, choices=STACKS, default=1000, help="its size")
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        write(model, megabytes)
        layout = lay_out(OnnxFile(graph=model.read_bytes()), Path(folder))
        packed = _measured(layout.graph, layout.weights, prepacking=True)
        mapped = _measured(layout.graph, layout.weights, prepacking=False)
    print("| ms | packed | mapped |\n|---|---|---|")
    for name, one in packed.items():
        print(f"| {name} | {one:,.1f} | {mapped[name]:,.1f} |")


def _measured(graph: bytes, weights: Path | None, *, prepacking: bool) -> dict[str, float]:
    """Milliseconds to open, to the first answer of one row from then on, and of warm runs."""
    options = SessionOptions(prepacking=prepacking)
    began = time.perf_counter()
    session = ModelSession(graph, weights=weights, options=options)
    times = {"opening": _since(began)}
    times["opening and first answer"] = times["opening"] + _run(session, 1)
    for rows in _ROWS:
        times[f"{rows} rows"] = median(_run(session, rows) for _ in range(_ROUNDS))
    return times


def _run(session: ModelSession, rows: int) -> float:
    spec = session.inputs[0]
    tensors = {spec.name: np.ones((rows, spec.shape[1]), dtype=np.float32)}
    began = time.perf_counter()
    session.run(tensors)
    return _since(began)


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
