"""A model as a table: its columns by name, where its signature has any, and its rows as records."""

from __future__ import annotations

from typing import Any

from .catalogue import Entry
from .rows import table
from .schemas import Schema, row_of, value

__all__ = ["column_schemas", "records"]

_MATRIX_RANK = 2


def column_schemas(entry: Entry) -> dict[str, Schema]:
    """What each column of a row is: a feature of a matrix, or one row of an input of its own.

    A number that is missing is null.
    """
    inputs = entry.manifest.signature.inputs
    columns = entry.columns
    if len(inputs) == 1 and inputs[0].name in columns and len(inputs[0].shape) == _MATRIX_RANK:
        return dict.fromkeys(columns[inputs[0].name], value(inputs[0].datatype))
    return {
        columns.get(spec.name, (spec.name,))[0]: _cell(
            row_of(spec, value(spec.datatype)), spec.shape
        )
        for spec in inputs
    }


def _cell(schema: Schema, shape: tuple[int, ...]) -> Schema:
    """A column of one value a row, of the shape ``(-1, 1)``, may be that value."""
    if shape[1:] != (1,):
        return schema
    return {"anyOf": [schema["items"], schema]}


def records(entry: Entry) -> list[list[dict[str, Any]]]:
    """The rows of each golden request, as objects by column."""
    found = []
    for example in entry.examples:
        columns = table(example["request"]["inputs"])
        if not columns or not all(columns.values()):
            continue
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        found.append([_record(entry, row) for row in rows])
    return found


def _record(entry: Entry, row: dict[str, Any]) -> dict[str, Any]:
    names = entry.columns
    record: dict[str, Any] = {}
    for tensor, cell in row.items():
        features = names.get(tensor, (tensor,))
        if len(features) > 1:
            record |= dict(zip(features, cell, strict=True))
        else:
            record[features[0]] = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
    return record
