"""A model as a table: columns by name in, whatever form they came in, and the model's tensors out.

A matrix takes its columns in the order of the signature's features; where it has none, as they
stand. Of several inputs each is a column, by its own name or by the feature's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import RequestError
from coldpress_runtime.options import Limits

from .json_body import kind_of
from .typed_values import check_elements, check_names, column_of, tensor_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Columns", "are_columns", "columns_of_records", "is_matrix", "tensors_of"]

Columns = Mapping[str, list[Any]]

_MATRIX_RANK = 2


def columns_of_records(records: object) -> dict[str, list[Any]]:
    """Columns from rows that are objects.

    Args:
        records: A list of objects, all with the same names.

    Raises:
        RequestError: They are none, or differ in their names.
    """
    if not isinstance(records, list) or not records:
        found = "an empty one" if records == [] else kind_of(records)
        raise RequestError(f"the records must be a list of one object for each row, not {found}")
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise RequestError(f"record {index} must be an object, not {kind_of(record)}")
    names = records[0].keys()
    for index, record in enumerate(records):
        if record.keys() != names:
            check_names("column", record, list(names), f" in record {index}")
    return {name: [record[name] for record in records] for name in names}


def tensors_of(signature: Signature, columns: Columns, limits: Limits) -> dict[str, NDArray[Any]]:
    """The model's inputs from columns of equal length.

    Args:
        signature: What the model takes.
        columns: Values by name, one for each row; null is NaN among floating-point numbers.
        limits: What a request may hold.

    Raises:
        RequestError: A column is missing or unknown, or a value is none of the input's datatype;
            the message names column and row.
        PayloadTooLarge: They have more values than the limit.
    """
    if is_matrix(signature) or _is_nameless(signature, columns):
        tensors = {signature.inputs[0].name: _matrix(signature, columns)}
    else:
        tensors = _inputs(signature, columns, limits)
    check_elements(tensors.values(), limits)
    return tensors


def is_matrix(signature: Signature) -> bool:
    """Whether the columns of a table are those of one matrix."""
    return (
        len(signature.inputs) == 1
        and len(signature.inputs[0].shape) == _MATRIX_RANK
        and bool(signature.features)
    )


def are_columns(signature: Signature) -> bool:
    """Whether each of the inputs is a column: one value for each row."""
    return all(_is_column(spec) for spec in signature.inputs)


def _is_column(spec: TensorSpec) -> bool:
    return len(spec.shape) == 1 or (len(spec.shape) == _MATRIX_RANK and spec.shape[1] == 1)


def _matrix(signature: Signature, columns: Columns) -> NDArray[Any]:
    datatype, features = signature.inputs[0].datatype, signature.features
    if not columns:
        raise RequestError("the table has no columns")
    if features:
        check_names("column", columns, features)
    else:
        features = tuple(columns)
        _check_width(signature.inputs[0], len(features))
    return np.column_stack(
        [column_of(f"column '{name:.64}'", columns[name], datatype) for name in features]
    )


def _is_nameless(signature: Signature, columns: Columns) -> bool:
    """Whether columns can only be told by their places: those of a matrix without names."""
    (spec, *others) = signature.inputs
    matrix = not others and len(spec.shape) == _MATRIX_RANK and spec.shape[1] != 1
    return matrix and not signature.features and columns.keys() != {spec.name}


def _check_width(spec: TensorSpec, columns: int) -> None:
    if spec.shape[1] not in (-1, columns):
        raise RequestError(
            f"the table has {columns} columns, and this model, which has no names for them, takes "
            f"{spec.shape[1]}, in their order"
        )


def _inputs(signature: Signature, columns: Columns, limits: Limits) -> dict[str, NDArray[Any]]:
    names = _names(signature, columns)
    check_names("column", columns, list(names.values()))
    return {
        spec.name: _input(names[spec.name], spec, columns[names[spec.name]], limits)
        for spec in signature.inputs
    }


def _names(signature: Signature, columns: Columns) -> dict[str, str]:
    """What each input's column is called: by its own name where there is one, or by the feature."""
    own = [spec.name for spec in signature.inputs]
    features = signature.features if len(signature.features) == len(own) else own
    return {
        name: name if name in columns and feature not in columns else feature
        for name, feature in zip(own, features, strict=True)
    }


def _input(name: str, spec: TensorSpec, values: Sequence[Any], limits: Limits) -> NDArray[Any]:
    where = f"column '{name:.64}'"
    if not spec.shape:
        raise RequestError(f"{where} is a single value for all rows; ask the model through /v2")
    if _is_column(spec) and not any(isinstance(value, list) for value in values):
        return column_of(where, list(values), spec.datatype).reshape(-1, *spec.shape[1:])
    return tensor_of(where, spec, list(values), limits)
