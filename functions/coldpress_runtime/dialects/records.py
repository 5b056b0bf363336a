"""Plain records: a list of objects in, and for each of them an object of what the model says.

The simplest way to ask: values by the names of the columns, labels and probabilities by theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.class_names import are_booleans, class_names
from coldpress_runtime.errors import UnknownRoute
from coldpress_runtime.exchange import Request, Response
from coldpress_runtime.serving import Serving

from .json_body import check_json_type, parse_json
from .rows_and_columns import check_rows
from .table import columns_of_records, tensors_of
from .typed_values import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["answer", "methods", "refusal"]

_TABLE = 2


def methods(path: str) -> tuple[str, ...]:
    """What a path answers; see `Dialect`."""
    _model_of(path)
    return ("POST",)


def answer(request: Request, serving: Serving) -> Response:
    """The answer to a request; see `Dialect`. A single object gets a single one."""
    model = serving.model(_model_of(request.path))
    check_json_type(request.headers.get("content-type", ""))
    document = parse_json(request.body, serving.limits)
    records = [document] if isinstance(document, dict) else document
    signature = model.manifest.signature
    columns = columns_of_records(records)
    results = serving.predict(model, tensors_of(signature, columns, serving.limits))
    check_rows(signature.outputs, results, len(records))
    found = _named(signature.outputs, results)
    told = found[0] if isinstance(document, dict) else found
    return Response(status=200, body=orjson.dumps(told))


def refusal(_status: int, _code: str, message: str) -> bytes:
    """An object with the sentence; see `Dialect`."""
    return orjson.dumps({"error": message})


def _model_of(path: str) -> str:
    """The model that a path names; empty where it is the only one."""
    match path.strip("/").split("/"):
        case ["predict"]:
            return ""
        case ["predict", model] if model:
            return model
    raise UnknownRoute(f"nothing is served at {path:.200}; POST records to /predict")


def _named(
    specs: tuple[TensorSpec, ...], results: Mapping[str, NDArray[Any]]
) -> list[dict[str, Any]]:
    columns = [_by_label(spec, results[spec.name]) for spec in specs]
    names = [spec.name for spec in specs]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _by_label(spec: TensorSpec, array: NDArray[Any]) -> list[Any]:
    """An output's rows; what has a number for each class has them by the classes' names."""
    rows = rows_of(spec, array)
    if array.ndim == 1 and are_booleans(spec):
        return [bool(row) for row in rows]
    labels = class_names(spec)
    if array.ndim == _TABLE and array.shape[1] == len(labels) == len(set(labels)):
        return [dict(zip(labels, row, strict=True)) for row in rows]
    return rows
