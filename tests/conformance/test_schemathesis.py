"""Schemathesis, from the OpenAPI document alone, against the real `coldpress serve`.

Whatever it makes up, sound or not, gets no 5xx, only statuses that the document names, and an
answer that is what the document says.
"""

import json
import os
import urllib.error
import urllib.request
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coldpress_runtime.docs.openapi import DIALECTS
from tests.conformance.echo import published
from tests.conformance.flowers import iris, rents

# Each model's operations are tried so often, with sound requests and with others.
EXAMPLES = 25
SECONDS = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MODES = {"sound": GenerationMode.POSITIVE, "unsound": GenerationMode.NEGATIVE}
MODELS = {
    "features": iris,
    "columns": rents,
    "every datatype": lambda folder: published(folder.as_uri()),
}
# Where each protocol's paths begin; a new one is tried as soon as the document has it.
PREFIXES = {
    "open_inference": ("/v2",),
    "tensorflow_serving": ("/v1",),
    "invocations": ("/invocations", "/ping"),
    "records": ("/predict",),
}


# A model that takes one value for all rows has no records, which is shown apart.
PAIRS = [
    (model, dialect)
    for model in MODELS
    for dialect in DIALECTS
    if (model, dialect) != ("every datatype", "records")
]


@pytest.fixture(scope="module")
def server(request, tmp_path_factory, serving):
    """The address of a server with a model, by its name in `MODELS`."""
    # Nobody reads its log while it runs, and a line a request would fill the pipe.
    quiet = {**os.environ, "COLDPRESS_LOG_REQUESTS": "off"}
    with serving(MODELS[request.param](tmp_path_factory.mktemp("store")), quiet) as address:
        yield address


@pytest.fixture(scope="module")
def document(server):
    """What the server says of itself."""
    with urllib.request.urlopen(f"{server}/openapi.json") as answer:
        return json.load(answer)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
@pytest.mark.parametrize(("server", "dialect"), PAIRS, indirect=["server"])
def test_every_answer_is_what_the_document_says(server, document, dialect, mode):
    """Requests made from the schemas, and broken ones, are answered as the document says."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(modes=[mode])
    statuses = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        takes = operation.body or operation.path_parameters or operation.headers
        # Of what takes nothing, there is no unsound request.
        if operation.path.startswith(PREFIXES[dialect]) and (takes or mode is MODES["sound"]):
            statuses += _try(operation, server, mode)
    assert set(statuses) >= ({200} if mode is MODES["sound"] else {400})


def _try(operation, server, mode):
    """How many requests for an operation were answered with each status."""
    statuses = Counter()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        answer = case.call_and_validate(base_url=server, checks=CHECKS, timeout=SECONDS)
        statuses[answer.status_code] += 1

    run()
    return statuses


@pytest.mark.parametrize("server", ["every datatype"], indirect=True)
def test_a_model_without_rows_has_no_records(server, document):
    """What no record can hold is told nowhere, and refused with a way that there is."""
    assert not [path for path in document["paths"] if path.startswith(PREFIXES["records"])]
    request = urllib.request.Request(f"{server}/predict", b'[{"scalar": 1}]', method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=SECONDS)
    with refused.value as answer:
        assert answer.code == 400


@pytest.mark.parametrize(("server", "dialect"), PAIRS, indirect=["server"])
def test_every_example_is_answered(server, document, dialect):
    """Each example of the document is answered with 200, as the document says."""
    schema, answered = schemathesis.openapi.from_dict(document), 0
    for path, item in document["paths"].items():
        if not path.startswith(PREFIXES[dialect]) or "post" not in item:
            continue
        operation = schema[path]["POST"]
        version = {"version": item["parameters"][0]["schema"]["enum"][0]} if "{" in path else {}
        media = item["post"]["requestBody"]["content"]["application/json"]
        for example in media.get("examples", {}).values():
            case = operation.Case(
                path_parameters=version, body=example["value"], media_type="application/json"
            )
            answer = case.call_and_validate(base_url=server, checks=CHECKS, timeout=SECONDS)
            assert answer.status_code == 200
            answered += 1
    assert answered or not _has_examples(document)


def _has_examples(document):
    """Whether the model's bundle has golden rows; one that was written by hand has none."""
    return '"golden-1"' in json.dumps(document)


def test_every_protocol_is_tried():
    """No protocol that the document can tell is without its prefixes here."""
    assert list(PREFIXES) == list(DIALECTS)
