"""MLflow's scoring server and SageMaker's containers: `POST /invocations` and `GET /ping`.

Sources: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import orjson

from coldpress_runtime.artifact import Signature
from coldpress_runtime.errors import RequestError, UnknownRoute, UnsupportedMedia
from coldpress_runtime.exchange import Request, Response
from coldpress_runtime.options import Limits
from coldpress_runtime.serving import Serving

from .json_body import kind_of, object_of, parse_json
from .rows_and_columns import predictions_of, read_inputs, read_instances
from .table import columns_of_records, tensors_of
from .typed_values import quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["answer", "methods", "refusal"]

_JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded", "text/plain")
_CSV = "text/csv"
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_PARAMETERS = "params"
# SageMaker's header for endpoints with several models.
_TARGET = "x-amzn-sagemaker-target-model"
# MLflow's own words, by status.
_CODES = {
    404: "RESOURCE_DOES_NOT_EXIST",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def methods(path: str) -> tuple[str, ...]:
    """What a path answers; see `Dialect`."""
    return ("GET",) if _call(path) == "ping" else ("POST",)


def answer(request: Request, serving: Serving) -> Response:
    """The answer to a request; see `Dialect`."""
    if _call(request.path) == "ping":
        serving.ready()
        return Response(status=200, body=b"", content_type="")
    model = serving.model(request.headers.get(_TARGET, ""))
    signature = model.manifest.signature
    tensors = _tensors(request, signature, serving.limits)
    results = serving.predict(model, tensors)
    rows = len(next(iter(tensors.values())))
    told = {"predictions": predictions_of(signature.outputs, results, rows)}
    return Response(status=200, body=orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY))


def refusal(status: int, _code: str, message: str) -> bytes:
    """MLflow's error object; see `Dialect`."""
    return orjson.dumps({"error_code": _CODES.get(status, "BAD_REQUEST"), "message": message})


def _call(path: str) -> Literal["ping", "invocations"]:
    match path.strip("/"):
        case "ping":
            return "ping"
        case "invocations":
            return "invocations"
    raise UnknownRoute(f"nothing is served at {path:.200}; see POST /invocations and GET /ping")


def _tensors(request: Request, signature: Signature, limits: Limits) -> dict[str, NDArray[Any]]:
    told = request.headers.get("content-type", "")
    kind = told.partition(";")[0].strip().lower()
    if kind == _CSV:
        from .csv_table import read_csv  # noqa: PLC0415 - for clients that send it

        return tensors_of(signature, read_csv(request.body, signature, limits), limits)
    if kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise UnsupportedMedia(
            f"content-type '{told:.64}' is not read here; send application/json or text/csv"
        )
    document = object_of(parse_json(request.body, limits))
    form = _form_of(document)
    match form:
        case "dataframe_split":
            return tensors_of(signature, _split(document[form]), limits)
        case "dataframe_records":
            return tensors_of(signature, columns_of_records(document[form]), limits)
        case "instances":
            return read_instances(signature, document[form], limits)
    return read_inputs(signature, document["inputs"], limits)


def _form_of(document: dict[str, Any]) -> str:
    """Which of the four forms a request has; exactly one."""
    found = [form for form in _FORMS if form in document]
    if len(found) != 1:
        has = f"it has {quoted(found)}" if found else "it has none of them"
        raise RequestError(f"the request needs exactly one of {quoted(_FORMS)}; {has}")
    if document.get(_PARAMETERS):
        raise RequestError("params are for models that take them, which this one does not")
    if unknown := [key for key in document if key not in (*_FORMS, _PARAMETERS)]:
        raise RequestError(f"unknown key {quoted(unknown)} beside '{found[0]}'")
    return found[0]


def _split(table: object) -> dict[str, list[Any]]:
    """Columns from pandas' ``split`` form; its index is passed over."""
    if not isinstance(table, dict):
        raise RequestError(f"dataframe_split must be an object, not {kind_of(table)}")
    names, rows = table.get("columns"), table.get("data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RequestError("dataframe_split needs columns, a list of names")
    if len(set(names)) != len(names):
        raise RequestError("dataframe_split names a column twice")
    if not isinstance(rows, list) or not rows:
        raise RequestError("dataframe_split needs data, a list of one list for each row")
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise RequestError(
                f"row {index} of dataframe_split must be a list of {len(names)} values, one for "
                "each column"
            )
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}
