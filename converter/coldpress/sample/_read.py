"""Reading a sample's file, by its suffix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from coldpress.archives import check_archive
from coldpress.errors import SampleError, UsageError, brief

from ._csv import read_csv
from ._values import Array, Sample

__all__ = ["read_sample"]


def read_sample(path: Path, *, drop: Sequence[str] = (), labels: str | None = None) -> Sample:
    """Read a sample from a CSV, Parquet, ``.npy`` or ``.npz`` file.

    Args:
        path: The file; its suffix says what it is.
        drop: Columns to leave out, such as an identifier.
        labels: Column that holds the true label or target of each row.

    Returns:
        At most `MOST_ROWS` of its rows, evenly spaced.

    Raises:
        SampleError: The file is not what its suffix says, is ragged or empty, or lacks a column
            that is to be dropped.
        UsageError: There is no such file, or its suffix is none of the four.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path.name}: a sample is a file ending in {', '.join(_READERS)}, not '{path.suffix}'"
        )
    try:
        if path.stat().st_size == 0:
            raise SampleError(f"{path.name} is empty; give it a few rows of typical input")
        sample = reader(path)
    except OSError as error:
        raise UsageError(f"can't read the sample {path}: {error.strerror or error}") from error
    sample = sample.without(drop)
    return (sample.labelled(labels) if labels else sample).capped()


def _read_parquet(path: Path) -> Sample:
    import pandas as pd  # noqa: PLC0415 - half a second, for those who need it

    try:
        frame = pd.read_parquet(path)
    except Exception as error:
        # Damaged, it fails anywhere in pandas and Arrow; only the system's errors have a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SampleError(
            f"{path.name} is no Parquet file that can be read: {brief(error)}"
        ) from error
    return Sample.of(frame, origin=path.name)


def _read_numpy(path: Path) -> Sample:
    return Sample.of(_load(path), origin=path.name)


def _load(path: Path) -> Array | dict[str, Array]:
    if path.suffix.lower() == ".npz":
        check_archive(
            path, name=path.name, otherwise="no .npz file that can be read", error=SampleError
        )
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return loaded if isinstance(loaded, np.ndarray) else {n: loaded[n] for n in loaded}
    except Exception as error:
        # As above: zlib, zipfile, and numpy's reading of its header as Python's literals.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SampleError(f"{path.name} {_reason(path, error)}") from error


def _reason(path: Path, error: Exception) -> str:
    if "Object arrays" in str(error):
        return (
            "holds Python objects, which are not read because that can run code; save numbers "
            "or strings (arrays of dtype float, int, bool or str)"
        )
    if isinstance(error, MemoryError):
        return "says that it holds more than fits into memory; it is damaged, or too large"
    return f"is no {path.suffix} file that can be read: {brief(error)}"


_READERS: dict[str, Callable[[Path], Sample]] = {
    ".csv": read_csv,
    ".parquet": _read_parquet,
    ".npy": _read_numpy,
    ".npz": _read_numpy,
}
