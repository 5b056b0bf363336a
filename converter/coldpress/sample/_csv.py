"""Reading CSV strictly: pandas alone would take a ragged or headerless file without a word."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress.errors import SampleError, brief

from ._values import Sample, quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_csv"]

# A byte-order mark, as spreadsheets write it, is no part of the first column's name.
_ENCODING = "utf-8-sig"


def read_csv(path: Path) -> Sample:
    """Read a CSV file with a header line, in UTF-8, separated by commas.

    Raises:
        SampleError: It has no header or no rows, is ragged, or is not UTF-8.
    """
    import pandas as pd  # noqa: PLC0415 - half a second, for those who need it

    try:
        _check_lines(path)
        frame = _frame(path)
    except UnicodeDecodeError as error:
        raise SampleError(
            f"{path.name} is not text in UTF-8 (byte {error.start} of a block); save it as UTF-8"
        ) from error
    except (csv.Error, pd.errors.ParserError) as error:
        raise SampleError(f"{path.name} is no CSV file that can be read: {brief(error)}") from error
    return Sample.of(frame, origin=path.name)


def _frame(path: Path) -> pd.DataFrame:
    """The table: NaN and NA are missing among numbers, and words like others among words."""
    import pandas as pd  # noqa: PLC0415 - as above

    frame = _table(path, empty_only=False)
    words = [pd.api.types.infer_dtype(column) == "string" for _, column in frame.items()]
    told = _table(path, empty_only=True) if any(words) else frame
    for name in frame.columns[words]:
        frame[name] = told[name]
    return frame


def _table(path: Path, *, empty_only: bool) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.read_csv(
        path,
        encoding=_ENCODING,
        index_col=False,
        low_memory=False,
        keep_default_na=not empty_only,
        na_values=[""],
    )


def _check_lines(path: Path) -> None:
    with path.open(encoding=_ENCODING, newline="") as file:
        lines = csv.reader(file)
        header = next((line for line in lines if line), None)
        if header is None:
            raise SampleError(f"{path.name} is empty; give it a few rows of typical input")
        _check_header(header, path)
        _check_widths(lines, len(header), path)


def _check_header(header: list[str], path: Path) -> None:
    # What pandas writes as the header of a table without column names counts up from 0.
    counted = header == [str(number) for number in range(len(header))]
    if all(_is_number(cell) for cell in header) and not counted:
        raise SampleError(
            f"{path.name} has no header: its first line is numbers; "
            "put a line with the columns' names first"
        )
    if repeated := [name for name in header if header.count(name) > 1]:
        raise SampleError(
            f"{path.name} has more than one column named {quoted(sorted(set(repeated)))}"
        )
    if len(header) == 1 and (other := next((c for c in ";\t|" if c in header[0]), None)):
        raise SampleError(f"{path.name} seems to be separated by {other!r}; save it with commas")


def _check_widths(lines: Iterator[list[str]], width: int, path: Path) -> None:
    for number, line in enumerate(lines, start=2):
        if line and len(line) != width:
            raise SampleError(
                f"{path.name} is ragged: row {number} has {len(line)} fields "
                f"and the header has {width}"
            )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
