"""MLflow's scoring server and SageMaker's containers: `POST /invocations` and `GET /ping`.

Sources: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from coldpress_runtime.artifact import Signature
from coldpress_runtime.errors import RequestError, UnknownRoute, quoted
from coldpress_runtime.exchange import Request, Response
from coldpress_runtime.options import Limits
from coldpress_runtime.serving import Serving
from coldpress_runtime.session import Tensors

from .json_body import check_json_type, kind_of, object_of, parse_json
from .rows_and_columns import outputs_of, predictions_of, read_inputs, read_instances
from .table import Columns, are_columns, columns_of_records, is_matrix, tensors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["answer", "methods", "refusal"]

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


class _Asked(NamedTuple):
    """A request's tensors, how many rows they have, and whether whole tensors may be the answer."""

    tensors: dict[str, NDArray[Any]]
    rows: int
    whole: bool = False


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
    asked = _asked(request, signature, serving.limits)
    results = serving.predict(model, asked.tensors)
    whole = asked.whole and not _are_rows(signature, results, asked.rows)
    found = (
        outputs_of(signature.outputs, results)
        if whole
        else predictions_of(signature.outputs, results, asked.rows)
    )
    told = {"predictions": found}
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


def _asked(request: Request, signature: Signature, limits: Limits) -> _Asked:
    told = request.headers.get("content-type", "")
    kind, _, parameters = told.lower().partition(";")
    if kind.strip() == _CSV:
        from .csv_table import read_csv  # noqa: PLC0415 - for clients that send it

        header = "header=absent" not in parameters.replace(" ", "")
        return _table(signature, read_csv(request.body, signature, limits, header=header), limits)
    check_json_type(told, beside=f" or {_CSV}")
    document = object_of(_parsed(request.body, told, limits))
    form = _form_of(document)
    match form:
        case "dataframe_split":
            return _table(signature, _split(document[form]), limits)
        case "dataframe_records":
            return _table(signature, columns_of_records(document[form]), limits)
        case "instances":
            return _instances(signature, document[form], limits)
    return _inputs(signature, document["inputs"], limits)


def _parsed(body: bytes, told: str, limits: Limits) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return parse_json(body, limits)
    except RequestError as error:
        if "json" in told.lower():
            raise
        raise RequestError(f"{error}; for CSV, send the content-type {_CSV}") from error


def _table(signature: Signature, columns: Columns, limits: Limits) -> _Asked:
    rows = len(next(iter(columns.values()), ()))
    return _Asked(tensors_of(signature, columns, limits), rows)


def _instances(signature: Signature, instances: object, limits: Limits) -> _Asked:
    """Rows, by the names of the inputs or, as MLflow has them for tables, of the columns."""
    if isinstance(instances, list) and instances and _has_columns(signature, instances[0]):
        return _table(signature, columns_of_records(instances), limits)
    tensors = read_instances(signature, instances, limits)
    return _Asked(tensors, len(next(iter(tensors.values()))))


def _inputs(signature: Signature, inputs: object, limits: Limits) -> _Asked:
    """Whole tensors, by the names of the inputs; or columns of a table, by theirs."""
    if _has_columns(signature, inputs):
        return _table(signature, _equal_columns(inputs), limits)
    tensors = read_inputs(signature, inputs, limits)
    rows = next((array.shape[0] for array in tensors.values() if array.ndim), 0)
    return _Asked(tensors, rows, whole=True)


def _are_rows(signature: Signature, results: Tensors, rows: int) -> bool:
    """Whether all that the model takes and gives are rows, of which there were so many."""
    specs = (*signature.inputs, *signature.outputs)
    return all(spec.shape[:1] == (-1,) for spec in specs) and all(
        array.shape[:1] == (rows,) for array in results.values()
    )


def _has_columns(signature: Signature, value: object) -> bool:
    """Whether an object names columns of the model's table, and not just its matrix."""
    if not isinstance(value, dict):
        return False
    if is_matrix(signature):
        return bool(value.keys() & set(signature.features)) and (
            value.keys() != {signature.inputs[0].name}
        )
    named = {*signature.features, *(spec.name for spec in signature.inputs)}
    return are_columns(signature) and bool(value.keys() & named)


def _equal_columns(columns: Any) -> Columns:  # noqa: ANN401 - an object of any JSON values
    lists = {name: values for name, values in columns.items() if isinstance(values, list)}
    if other := [name for name in columns if name not in lists]:
        raise RequestError(f"column {quoted(other)} must be a list of one value for each row")
    if len(set(map(len, lists.values()))) > 1:
        lengths = ", ".join(f"'{name:.64}' has {len(each)}" for name, each in lists.items())
        raise RequestError(f"the columns differ in their number of values: {lengths:.300}")
    if not all(lists.values()):
        raise RequestError("the columns are empty; send at least one row")
    return lists


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
