"""TensorFlow Serving's paths, and requests through models of one input and of several."""

import base64
import json
from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from coldpress_runtime.dialects.tensorflow_serving import Call, answer, methods, refusal, route
from coldpress_runtime.errors import RequestError, UnknownModel, UnknownRoute, UnsupportedMedia
from coldpress_runtime.exchange import Request, Source
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.serving import Serving
from coldpress_runtime.settings import Settings

NAME = "breast-cancer"
PREDICT = f"/v1/models/{NAME}:predict"
REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=100)

ROUTES = {
    "/v1/models/a": (Call("status", "a"), "GET"),
    "/v1/models/a/": (Call("status", "a"), "GET"),
    "/v1/models/a/metadata": (Call("metadata", "a"), "GET"),
    "/v1/models/a:predict": (Call("predict", "a"), "POST"),
    "/v1/models/a/versions/1": (Call("status", "a", version="1"), "GET"),
    "/v1/models/a/versions/1:predict": (Call("predict", "a", version="1"), "POST"),
    "/v1/models/a/labels/stable:predict": (Call("predict", "a", label="stable"), "POST"),
}
UNKNOWN = [
    "/v1", "/v1/", "/v1/models", "/v1/models/", "/v1/models/a:explain", "/v1/models//versions/1",
    "/v1/models/a/versions", "/v1/models/a/b/c", "/v1/models/a/../b:predict", "/v1/models/a:",
    "/v1/models/a:classify", "/v1/models/a/versions/1:regress", "/v1/" + "x" * 5_000,
]  # fmt: skip

# Of a model that takes `x`, FP32 [-1, 2], and `word`, BYTES [-1].
WRONG = {
    "a list": ([], "the request must be a JSON object, not lists"),
    "nothing": ({}, "needs instances (rows) or inputs (columns)"),
    "both": ({"instances": [1], "inputs": [1]}, "both instances and inputs"),
    "another signature": ({"signature_name": "b", "instances": [1]}, "unknown signature_name 'b'"),
    "no rows": ({"instances": []}, "instances must be a list of one item for each row, not an"),
    "rows an object": ({"instances": {"x": 1}}, "instances must be a list"),
    "rows without names": ({"instances": [[1, 2]]}, "an object with the inputs 'x', 'word'"),
    "columns without names": ({"inputs": [[1, 2]]}, "inputs must be an object with 'x', 'word'"),
    "unknown name": ({"instances": [{"y": 1}]}, "unknown input 'y' in instance 0"),
    "missing name": ({"instances": [{"x": [1, 2]}]}, "missing input 'word' in instance 0"),
    "not all objects": ({"instances": [{"x": [1, 2], "word": "a"}, 3]}, "but instance 1 has whole"),
    "ragged": ({"inputs": {"x": [[1, 2], [3]], "word": ["a", "b"]}}, "input 'x' is ragged"),
    "text for a number": ({"instances": [{"x": ["1", 2], "word": "a"}]}, "input 'x' is FP32, but"),
    "bad base64": ({"inputs": {"x": [[1, 2]], "word": [{"b64": "?"}]}}, "'word': b64 is not sound"),
    "another width": ({"inputs": {"x": [[1, 2, 3]], "word": ["a"]}}, "must have shape [-1, 2]"),
    "numbers of rows": ({"inputs": {"x": [[1, 2]], "word": ["a", "b"]}}, "number of rows"),
}

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "word", "b64", "instances", "inputs"]), children)
    ),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def single(store_model, tmp_path_factory):
    """The classifier with its single input."""
    return _holder(store_model(tmp_path_factory.mktemp("single").as_uri()).put())


@pytest.fixture(scope="module")
def several(store_model, build_onnx, tmp_path_factory):
    """A model of numbers and words, which gives both back."""
    inputs = {"x": ("FP32", [None, 2]), "word": ("BYTES", [None])}
    outputs = {"y": ("FP32", [None, 2]), "word_bytes": ("BYTES", [None])}
    nodes = [
        helper.make_node("Identity", ["x"], ["y"]),
        helper.make_node("Identity", ["word"], ["word_bytes"]),
    ]
    model = build_onnx(nodes, inputs, outputs)
    return _holder(store_model(tmp_path_factory.mktemp("several").as_uri(), model=model).put())


def _holder(stored):
    return ModelHolder(Settings.from_environment({"MODEL_URI": stored.pinned}))


def _ask(holder, document, *, path=PREDICT, method="POST", **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    request = Request(source=Source.HTTP_API, method=method, path=path, headers=headers, body=body)
    return orjson.loads(answer(request, Serving(holder, 10)).body)


@pytest.mark.parametrize(("path", "expected"), ROUTES.items(), ids=ROUTES.keys())
def test_a_path_is_a_call(path, expected):
    """Each path of the protocol is known, and answers one method."""
    call, method = expected
    assert route(path) == call
    assert methods(path) == (method,)


@pytest.mark.parametrize("path", UNKNOWN, ids=lambda path: path[:40])
def test_another_path_is_unknown(path):
    """Any other path is unknown; those for TensorFlow's Examples say why."""
    with pytest.raises(UnknownRoute, match=r"nothing is served at|takes TensorFlow's Examples"):
        route(path)


def test_rows_are_answered_in_rows(single):
    """A single input goes without its name; of several outputs each row is an object."""
    told = _ask(single, {"instances": [[0.5] * 30, [1.5] * 30], "signature_name": ""})
    assert [sorted(row) for row in told["predictions"]] == [["label", "probabilities"]] * 2
    assert all(sum(row["probabilities"]) == pytest.approx(1) for row in told["predictions"])


def test_rows_may_name_their_input(single):
    """Rows as objects get what bare rows get."""
    bare = _ask(single, {"instances": [[0.5] * 30]})
    assert _ask(single, {"instances": [{"input": [0.5] * 30}]}) == bare


def test_columns_are_answered_in_columns(single):
    """A whole tensor in, whole tensors out, with the same values."""
    rows = [[0.5] * 30, [1.5] * 30]
    columns = _ask(single, {"inputs": rows})["outputs"]
    in_rows = _ask(single, {"instances": rows})["predictions"]
    assert columns["label"] == [row["label"] for row in in_rows]
    assert columns["probabilities"] == [row["probabilities"] for row in in_rows]


def test_several_inputs_go_by_name(several):
    """Rows and columns of several inputs; strings of an output named as bytes are base64."""
    coded = {"b64": base64.b64encode("é".encode()).decode()}
    rows = [{"x": [1, 2], "word": "é"}, {"x": [3, 4.5], "word": coded}]
    told = _ask(several, {"instances": rows})["predictions"]
    assert told == [
        {"y": [1, 2], "word_bytes": coded},
        {"y": [3, 4.5], "word_bytes": coded},
    ]
    columns = {"x": [[1, 2], [3, 4.5]], "word": ["é", coded]}
    assert _ask(several, {"inputs": columns})["outputs"] == {
        "y": [[1, 2], [3, 4.5]],
        "word_bytes": [coded, coded],
    }


@pytest.mark.parametrize(("document", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_refused(several, document, message):
    """What is no request for this model is refused in one short sentence."""
    with pytest.raises(RequestError) as caught:
        _ask(several, document)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_another_content_type_is_refused(single):
    """What says that it is no JSON is not read."""
    with pytest.raises(UnsupportedMedia):
        _ask(single, {"instances": []}, **{"content-type": "text/csv"})


def test_the_status_names_the_version(single):
    """A served model is available under its digest."""
    (status,) = _ask(single, b"", path=f"/v1/models/{NAME}", method="GET")["model_version_status"]
    assert status["state"] == "AVAILABLE"
    assert status["status"] == {"error_code": "OK", "error_message": ""}
    assert len(status["version"]) == 64


def test_the_metadata_name_the_tensors(several):
    """Clients find datatypes and shapes where TensorFlow Serving tells them."""
    told = _ask(several, b"", path=f"/v1/models/{NAME}/metadata", method="GET")
    signatures = told["metadata"]["signature_def"]["signature_def"]
    inputs = signatures["serving_default"]["inputs"]
    assert {name: tensor["dtype"] for name, tensor in inputs.items()} == {
        "x": "DT_FLOAT", "word": "DT_STRING",
    }  # fmt: skip
    assert [dim["size"] for dim in inputs["x"]["tensor_shape"]["dim"]] == ["-1", "2"]


@pytest.mark.parametrize("path", [f"/v1/models/{NAME}/labels/stable:predict", "/v1/models/b"])
def test_labels_and_other_models_are_unknown(single, path):
    """Versions have no labels here, and another model is not served."""
    with pytest.raises(UnknownModel):
        _ask(single, {"instances": [1]}, path=path)


def test_an_error_is_the_protocols():
    """Every error is an object with its sentence."""
    assert orjson.loads(refusal(400, "bad_request", "é")) == {"error": "é"}


@REPEATABLE
@given(value=_values)
def test_any_json_is_answered_or_refused(several, value):
    """Whatever JSON is sent, it is answered or is the request's error."""
    with suppress(RequestError):
        _ask(several, json.dumps(value).encode(errors="surrogatepass"))
