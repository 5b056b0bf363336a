"""Opens a model and runs some rows twice; started by `coldpress.compress._trial`, as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from coldpress_runtime.session import ModelSession


def main(graph: str, rows: str, weights: str, *names: str) -> None:
    """Run; whatever goes wrong ends the process."""
    arrays = np.load(rows)
    tensors = {name: _text(arrays[f"arr_{place}"]) for place, name in enumerate(names)}
    session = ModelSession(Path(graph).read_bytes(), weights=Path(weights) if weights else None)
    # Memory is laid out anew for the second run: some kernels fail only then.
    for _ in range(2):
        session.run(tensors)


def _text(array: np.ndarray) -> np.ndarray:
    return array.astype(object) if array.dtype.kind == "U" else array


if __name__ == "__main__":
    main(*sys.argv[1:])
