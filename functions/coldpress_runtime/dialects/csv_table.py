"""CSV, read as strictly as JSON: a cell has to be what the model's column takes.

It has a header row, unless its content type says ``header=absent`` (RFC 4180): what a first row is
can't be told from its cells.

An empty cell is missing: NaN among floating-point numbers, and nothing else.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from math import isinf
from typing import Any

from coldpress_runtime.artifact import Signature
from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits

from .table import is_matrix

__all__ = ["read_csv"]

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")
_MOST_DIGITS = 400
_BOOLEANS = {"true": True, "false": False}


def read_csv(
    body: bytes, signature: Signature, limits: Limits, *, header: bool = True
) -> dict[str, list[Any]]:
    """Columns from CSV, each cell as JSON would have had it.

    Args:
        body: UTF-8; fields may be quoted.
        signature: What the model takes: its datatypes say how cells are read.
        limits: How many cells it may have.
        header: Whether the first row has the columns' names; without, they are those of the model.

    Returns:
        Values by column; a cell that is none of the datatype's stays text, to be refused by name.

    Raises:
        RequestError: It is no UTF-8 or no CSV, has no rows, a name twice, or rows that differ in
            length.
        PayloadTooLarge: It has more cells than the limit.
    """
    rows = _rows(body, limits)
    if rows and not header:
        rows = [_names(signature, len(rows[0])), *rows]
    if len(rows) < 2:  # noqa: PLR2004 - the header and a row
        raise RequestError("the CSV needs a header row and at least one row of values")
    names, *values = rows
    if len(set(names)) != len(names):
        raise RequestError("the CSV's header names a column twice")
    for index, row in enumerate(values):
        if len(row) != len(names):
            raise RequestError(
                f"row {index} of the CSV has {len(row)} values, and the header {len(names)} names"
            )
    readers = _readers(signature, names)
    columns = dict(zip(names, map(list, zip(*values, strict=True)), strict=True))
    return {name: list(map(readers.get(name, str), cells)) for name, cells in columns.items()}


def _rows(body: bytes, limits: Limits) -> list[list[str]]:
    rows, left = [], limits.values
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    try:
        for row in csv.reader(lines, strict=True):
            left -= len(row) + 1
            if left < 0:
                raise PayloadTooLarge(
                    f"the CSV has more than {limits.values:,} rows and cells, which is the limit; "
                    "send fewer rows"
                )
            if row:
                rows.append(row)
    except UnicodeDecodeError as error:
        raise RequestError("the CSV is not UTF-8") from error
    except csv.Error as error:
        raise RequestError(f"the body is no CSV: {error}") from error
    return rows


def _names(signature: Signature, count: int) -> list[str]:
    """Names for the columns of a table that has none: the model's, or else their places."""
    own = signature.features or tuple(spec.name for spec in signature.inputs)
    if len(own) == count:
        return list(own)
    if signature.features or len(own) > 1:
        raise RequestError(f"the CSV has {count} columns, and this model takes {len(own)}")
    return [str(place) for place in range(count)]


def _readers(signature: Signature, names: list[str]) -> dict[str, Callable[[str], Any]]:
    """How each column's cells are read, by whichever of its names it may have."""
    if is_matrix(signature) or (len(signature.inputs) == 1 and not signature.features):
        return dict.fromkeys(names, _reader(signature.inputs[0].datatype))
    own = {spec.name: _reader(spec.datatype) for spec in signature.inputs}
    features = dict(zip(signature.features, own.values(), strict=False))
    return {**own, **features}


def _reader(datatype: str) -> Callable[[str], Any]:
    if datatype == "BYTES":
        return str
    if datatype == "BOOL":
        return lambda cell: _BOOLEANS.get(cell.strip().lower(), cell)
    return _number if datatype.startswith("FP") else _whole


def _whole(cell: str) -> int | str:
    text = cell.strip()
    return int(text) if _WHOLE.fullmatch(text) else cell


def _number(cell: str) -> float | str | None:
    text = cell.strip()
    if not text:
        return None
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return cell
    number = float(text)
    return cell if isinf(number) else number
