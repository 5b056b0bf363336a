"""Tensors as TensorFlow Serving's requests have them, which MLflow's scoring server reads as well.

Rows are `instances` and `predictions`, one item for each row; columns are `inputs` and `outputs`,
a whole tensor each. With a single input or output, its name is left out.

Source: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import RequestError, quoted
from coldpress_runtime.options import Limits
from coldpress_runtime.session import Tensors

from .json_body import kind_of
from .typed_values import (
    check_elements,
    check_names,
    is_bytes,
    rows_of,
    tensor_of,
    written,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "check_rows",
    "outputs_of",
    "predictions_of",
    "read_inputs",
    "read_instances",
]

_COLUMNS = "/v2/models/NAME/infer or, with inputs, at /v1/models/NAME:predict"


def read_instances(
    signature: Signature, instances: object, limits: Limits
) -> dict[str, NDArray[Any]]:
    """The model's inputs from rows.

    Args:
        signature: What the model takes.
        instances: A list of one value for each row, or of objects with a value for each input.
        limits: What a request may hold.

    Raises:
        RequestError: The rows are not what the model takes; the message says why.
        PayloadTooLarge: They have more values than the limit.
    """
    if not isinstance(instances, list) or not instances:
        found = "an empty one" if instances == [] else kind_of(instances)
        raise RequestError(f"instances must be a list of one item for each row, not {found}")
    names = [spec.name for spec in signature.inputs]
    if _has_names(instances[0]):
        columns = _by_name(instances, names)
    elif len(names) == 1:
        columns = {names[0]: instances}
    else:
        raise RequestError(
            f"each of the instances must be an object with the inputs {quoted(names)}, since this "
            "model takes several"
        )
    return _tensors(signature, columns, limits)


def read_inputs(signature: Signature, inputs: object, limits: Limits) -> dict[str, NDArray[Any]]:
    """The model's inputs from columns.

    Args:
        signature: What the model takes.
        inputs: The tensor of the only input, or an object with a tensor for each input.
        limits: What a request may hold.

    Raises:
        RequestError: The columns are not what the model takes; the message says why.
        PayloadTooLarge: They have more values than the limit.
    """
    names = [spec.name for spec in signature.inputs]
    if isinstance(inputs, dict) and _has_names(inputs):
        check_names("input", inputs, names)
        columns = inputs
    elif len(names) == 1:
        columns = {names[0]: inputs}
    else:
        raise RequestError(
            f"inputs must be an object with {quoted(names)}, since this model takes several"
        )
    return _tensors(signature, columns, limits)


def predictions_of(specs: Sequence[TensorSpec], results: Tensors, rows: int) -> Any:  # noqa: ANN401
    """What the model gave, in rows, for orjson: values of the only output, or objects of several.

    Raises:
        RequestError: An output has not one value for each row.
    """
    check_rows(specs, results, rows)
    if len(specs) == 1:
        return written(specs[0], results[specs[0].name])
    return _rows_by_name(specs, results)


def _rows_by_name(specs: Sequence[TensorSpec], results: Tensors) -> list[dict[str, Any]]:
    """What the model gave, as an object of values by output for each row; all have as many rows."""
    names = [spec.name for spec in specs]
    columns = [rows_of(spec, results[spec.name]) for spec in specs]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def outputs_of(specs: Sequence[TensorSpec], results: Tensors) -> Any:  # noqa: ANN401 - for orjson
    """What the model gave, in columns, for orjson: the only tensor, or an object of several."""
    if len(specs) == 1:
        return written(specs[0], results[specs[0].name])
    return {spec.name: written(spec, results[spec.name]) for spec in specs}


def check_rows(specs: Sequence[TensorSpec], results: Tensors, rows: int) -> None:
    """Whether what the model gave can be told row by row.

    Raises:
        RequestError: An output has not one value for each row.
    """
    for spec in specs:
        if results[spec.name].shape[:1] != (rows,):
            raise RequestError(
                f"output '{spec.name:.64}' has the shape {list(results[spec.name].shape)}, not one "
                f"item for each of {rows:,} rows; ask for whole tensors, at {_COLUMNS}"
            )


def _has_names(value: object) -> bool:
    return isinstance(value, dict) and not is_bytes(value)


def _by_name(instances: Sequence[object], names: Sequence[str]) -> dict[str, list[Any]]:
    expected = set(names)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for index, instance in enumerate(instances):
        if not isinstance(instance, dict):
            raise RequestError(
                f"instances must be all objects or none, but instance {index} has "
                f"{kind_of(instance)}"
            )
        if instance.keys() != expected:
            check_names("input", instance, names, f" in instance {index}")
        for name, values in columns.items():
            values.append(instance[name])
    return columns


def _tensors(
    signature: Signature, columns: dict[str, Any], limits: Limits
) -> dict[str, NDArray[Any]]:
    tensors = {
        spec.name: tensor_of(f"input '{spec.name:.64}'", spec, columns[spec.name], limits)
        for spec in signature.inputs
    }
    check_elements(tensors.values(), limits)
    return tensors
