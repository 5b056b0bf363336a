"""The OpenAPI document: sound by its own metaschema, and true to each model's signature."""

import copy

import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from coldpress_runtime import dialects
from coldpress_runtime.answering import STATUS
from coldpress_runtime.docs.openapi import DIALECTS, openapi_document
from coldpress_runtime.docs.operations import REFUSALS
from tests.functions.docs.signatures import SIGNATURES


@pytest.fixture(params=SIGNATURES)
def entry(request, entry_of):
    """A model of each signature."""
    return entry_of(request.param)


def _validator(document, name):
    """A validator of one of the document's components."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(schema)


def _as_json(document):
    return orjson.loads(orjson.dumps(document))


def test_the_document_is_openapi(entry):
    """Whatever the signature, the document is valid OpenAPI 3.1."""
    document = _as_json(openapi_document((entry,)))
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_several_models_are_told_apart(entry_of):
    """Paths, schemas and operations of several models have names of their own."""
    entries = tuple(
        entry_of(kind, kind.replace(" ", "-"))._replace(alone=False) for kind in SIGNATURES
    )
    document = _as_json(openapi_document(entries))
    OpenAPIV31SpecValidator(document).validate()
    assert {f"/v2/models/{entry.name}/infer" for entry in entries} <= set(document["paths"])


def test_the_only_one_that_can_be_read_is_not_taken_for_the_only_one(entry_of):
    """Of a function of several models none is asked without its name, however few are told."""
    document = openapi_document((entry_of("features")._replace(alone=False),))
    assert "/predict" not in document["paths"]
    assert "/predict/breast-cancer" in document["paths"]
    (header,) = document["paths"]["/invocations"]["post"]["parameters"]
    assert (header["name"], header["required"]) == ("X-Amzn-SageMaker-Target-Model", True)
    alone = openapi_document((entry_of("features"),))["paths"]
    assert "/predict" in alone
    assert not alone["/invocations"]["post"].get("parameters")


def test_what_the_function_answers_is_told():
    """Every protocol that the function answers is in the document, and no other."""
    assert set(DIALECTS) == {*dialects.DIALECTS.values(), dialects.DEFAULT}


def test_every_refusal_is_told():
    """The statuses of the document are those that the function can answer."""
    assert set(REFUSALS) == {*STATUS.values(), 500}


def test_golden_examples_fit_their_schemas(entry):
    """Each example that the document shows is valid by the document's own schema."""
    document = _as_json(openapi_document((entry,)))
    shown = 0
    for path, item in document["paths"].items():
        for operation in (item[method] for method in ("get", "post") if method in item):
            bodies = [operation.get("requestBody", {}), operation["responses"]["200"]]
            for media in [body.get("content", {}).get("application/json", {}) for body in bodies]:
                schema = {**media.get("schema", {}), "components": document["components"]}
                for example in media.get("examples", {}).values():
                    shown += 1
                    Draft202012Validator(schema).validate(example["value"])
        assert path.startswith("/")
    assert shown >= 4


def _changed(request, **fields):
    changed = copy.deepcopy(request)
    changed["inputs"][0] |= fields
    return changed


WRONG = {
    "a datatype": lambda r: _changed(r, datatype="FP16"),
    "a shape": lambda r: _changed(r, shape=[1, 4]),
    "an empty shape": lambda r: _changed(r, shape=[0, 3]),
    "a name": lambda r: _changed(r, name="other"),
    "text": lambda r: _changed(r, data=["1", "2", "3"]),
    "a further field": lambda r: _changed(r, features=[]),
    "no inputs": lambda _: {"inputs": []},
    "an unknown output": lambda r: {**r, "outputs": [{"name": "other"}]},
    "a number as id": lambda r: {**r, "id": 1},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_none_of_the_schema(entry_of, change):
    """Requests that the function refuses for their form are refused by the schema, too."""
    entry = entry_of("features")
    document = _as_json(openapi_document((entry,)))
    validator = _validator(document, "breast-cancer.InferRequest")
    request = entry.examples[0]["request"]
    assert validator.is_valid(request)
    assert not validator.is_valid(change(request))


def test_nested_data_are_told(entry_of):
    """Tensors may be nested as their shape says, and not otherwise."""
    document = _as_json(openapi_document((entry_of("features"),)))
    validator = _validator(document, "breast-cancer.InferRequest")
    tensor = {"name": "input", "datatype": "FP64", "shape": [2, 3]}
    rows = [[1, 2, 3], [4, 5, 6]]
    assert validator.is_valid({"inputs": [{**tensor, "data": rows}]})
    assert not validator.is_valid({"inputs": [{**tensor, "data": [row[:2] for row in rows]}]})


@pytest.mark.parametrize(
    ("datatype", "inside", "outside"),
    [
        ("INT8", (-128, 127), (-129, 128, 1.5, "1", True)),
        ("UINT16", (0, 65535), (-1, 65536)),
        ("UINT64", (0, 2**64 - 1), (-1, 2**64)),
        ("FP32", (1, 1.5, None), ("1", True)),
        ("BYTES", ("", "é"), (1, None)),
        ("BOOL", (True,), (1, "true")),
    ],
)
def test_values_are_of_their_datatype(entry_of, datatype, inside, outside):
    """A value is within its datatype's range, and of JSON's own type for it."""
    entry = entry_of("every datatype")
    document = _as_json(openapi_document((entry,)))
    validator = _validator(document, "breast-cancer.InferRequest")
    request = entry.examples[0]["request"]
    at = [tensor["datatype"] for tensor in request["inputs"]].index(datatype)

    def fits(value):
        changed = copy.deepcopy(request)
        changed["inputs"][at]["data"] = [value, value]
        return validator.is_valid(changed)

    assert [fits(value) for value in inside] == [True] * len(inside)
    assert [fits(value) for value in outside] == [False] * len(outside)


def test_labels_and_nulls_are_told(entry_of):
    """A label output gives the model's labels only; a number that JSON has not is null."""
    entry = entry_of("features")
    validator = _validator(_as_json(openapi_document((entry,))), "breast-cancer.InferResponse")
    outputs = entry.examples[0]["response"]["outputs"]
    head = {"model_name": entry.name, "model_version": entry.version}
    assert validator.is_valid({**head, "outputs": outputs})
    assert validator.is_valid({**head, "outputs": [outputs[0], {**outputs[1], "data": [None, 1]}]})
    unknown = {**outputs[1], "data": ["maybe", 1]}
    assert not validator.is_valid({**head, "outputs": [outputs[0], unknown]})
    assert not validator.is_valid({**head, "model_version": "0", "outputs": outputs})


RECORDS = {
    "features": {"age": 1, "income": 1, "tenure in months": 1},
    "columns": {"age": 1, "plan": "yes", "paid": True},
    "renamed columns": {"größe": 1, "Ort & Land": "yes"},
    "image": {"image": [[[1, 1, 1]] * 2] * 2},
}


@pytest.mark.parametrize(("kind", "record"), RECORDS.items(), ids=RECORDS.keys())
def test_records_have_the_models_columns(entry_of, kind, record):
    """A record is one row by the names of its columns, all of them and no other."""
    document = _as_json(openapi_document((entry_of(kind),)))
    validator = _validator(document, "breast-cancer.Record")
    media = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert media["examples"]["golden-1"]["value"] == [record]
    assert validator.is_valid(record)
    assert not validator.is_valid({**record, "other": 1})
    assert not validator.is_valid(dict(list(record.items())[1:]))


@pytest.mark.parametrize(("kind", "may_miss"), [("features", True), ("columns", False)])
def test_missing_numbers_are_null(entry_of, kind, may_miss):
    """A floating-point number of a record may be missing; whole numbers, text and booleans not."""
    document = _as_json(openapi_document((entry_of(kind),)))
    validator = _validator(document, "breast-cancer.Record")
    record = RECORDS[kind]
    assert {validator.is_valid({**record, name: None}) for name in record} == {may_miss}


def test_rows_are_told_bare_or_by_name(entry_of):
    """TensorFlow Serving's rows are bare for one input, and objects for several; never both."""
    validator = _validator(
        openapi_document((entry_of("features"),)), "breast-cancer.PredictRequest"
    )
    assert validator.is_valid({"instances": [[1, 2, 3]]})
    assert validator.is_valid({"instances": [{"input": [1, 2, 3]}]})
    assert validator.is_valid({"inputs": {"input": [[1, 2, 3]]}, "signature_name": ""})
    assert not validator.is_valid({"instances": [[1, 2, 3]], "inputs": [[1, 2, 3]]})
    assert not validator.is_valid({"instances": [[1, 2]]})
