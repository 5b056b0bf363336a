import re
from types import SimpleNamespace

import numpy as np
import orjson
import pytest

from coldpress_runtime.artifact import (
    Blob,
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
    TensorSpec,
)
from coldpress_runtime.dialects.open_inference import Call, answer, methods, refusal, route
from coldpress_runtime.dialects.open_inference_json import answered, chosen, parse, render
from coldpress_runtime.errors import PayloadTooLarge, RequestError, UnknownRoute
from coldpress_runtime.exchange import Request
from coldpress_runtime.exchange import Source as Sender
from coldpress_runtime.loading import LoadedModel, Usage
from coldpress_runtime.options import Limits
from coldpress_runtime.version import VERSION as OWN_VERSION

VERSION = "0" * 64
EXTENSIONS = ["binary_tensor_data", "classification", "model_configuration"]
INPUT = {"name": "x", "datatype": "INT64", "shape": [2], "data": [1, 2]}

ROUTES = {
    ("GET", "/v2"): Call(operation="server"),
    ("GET", "/v2/"): Call(operation="server"),
    ("GET", "/v2/health/live"): Call(operation="live"),
    ("GET", "/v2/health/ready"): Call(operation="ready"),
    ("GET", "/v2/models/iris"): Call(operation="model", model="iris"),
    ("GET", "/v2/models/iris/ready"): Call(operation="model_ready", model="iris"),
    ("POST", "/v2/models/iris/infer"): Call(operation="infer", model="iris"),
    ("GET", "/v2/models/iris/versions/3"): Call(operation="model", model="iris", version="3"),
    ("GET", "/v2/models/iris/versions/3/ready"): Call(
        operation="model_ready", model="iris", version="3"
    ),
    ("POST", "/v2/models/iris/versions/3/infer"): Call(
        operation="infer", model="iris", version="3"
    ),
    ("GET", "/v2/models/iris/config"): Call(operation="model_config", model="iris"),
    ("GET", "/v2/models/infer"): Call(operation="model", model="infer"),
    ("POST", "/v2/infer"): Call(operation="infer"),
    ("POST", "/v2/models/a%2Fb/infer"): Call(operation="infer", model="a%2Fb"),
}

UNKNOWN_PATHS = [
    "", "/", "/v1", "/v22", "/V2", "/v2/health", "/v2/health/dead", "/v2/models", "/v2/models/",
    "/v2/models//infer", "/v2/models/iris/explain", "/v2/models/iris/infer/x", "/v2//health/live",
    "/v2/models/iris/versions", "/v2/models/iris/versions/", "/v2/models/iris/versions//infer",
    "/v2/models/a/../b", "/v2/repository/index", "/v2/models/iris/stats",
    "/v2/health/live/x", "v2\\models", "/" * 5_000,
]  # fmt: skip

# The request's document, and what the error says.
WRONG = {
    "list": ([], "the request must be a JSON object, not lists"),
    "null": (None, "the request must be a JSON object, not null"),
    "text": ("inputs", "must be a JSON object, not strings"),
    "no inputs": ({}, "the request's inputs must be a list of objects"),
    "inputs null": ({"inputs": None}, "inputs must be a list of objects"),
    "inputs an object": ({"inputs": {"x": [1]}}, "inputs must be a list of objects"),
    "inputs of numbers": ({"inputs": [1]}, "inputs must be a list of objects"),
    "inputs empty": ({"inputs": []}, "the request has no inputs"),
    "input without a name": ({"inputs": [{}]}, "every input needs a name, a string"),
    "name a number": ({"inputs": [{**INPUT, "name": 1}]}, "every input needs a name"),
    "name null": ({"inputs": [{**INPUT, "name": None}]}, "every input needs a name"),
    "input twice": ({"inputs": [INPUT, INPUT]}, "input 'x' is there twice"),
    "input without data": (
        {"inputs": [{"name": "x", "datatype": "INT64", "shape": [1]}]},
        "input 'x': data must be a list, not null",
    ),
    "input without a shape": (
        {"inputs": [{"name": "x", "datatype": "INT64", "data": [1]}]},
        "input 'x' needs a shape",
    ),
    "input without a datatype": (
        {"inputs": [{"name": "x", "shape": [1], "data": [1]}]},
        "input 'x' needs a datatype",
    ),
    "second input wrong": (
        {"inputs": [INPUT, {**INPUT, "name": "y", "shape": [3]}]},
        "input 'y' has 2 values, but its shape [3] needs 3",
    ),
    "id a number": ({"id": 1, "inputs": [INPUT]}, "the request's id must be a string"),
    "id a list": ({"id": ["a"], "inputs": [INPUT]}, "the request's id must be a string"),
    "outputs an object": ({"inputs": [INPUT], "outputs": {}}, "outputs must be a list of objects"),
    "outputs of names": ({"inputs": [INPUT], "outputs": ["y"]}, "outputs must be a list"),
    "output without a name": (
        {"inputs": [INPUT], "outputs": [{}]},
        "every requested output needs a name, a string",
    ),
    "output twice": (
        {"inputs": [INPUT], "outputs": [{"name": "y"}, {"name": "y"}]},
        "an output is requested twice",
    ),
    "long name": (
        {"inputs": [{**INPUT, "name": "n" * 9_999, "datatype": "FP8"}]},
        f"input '{'n' * 64}' needs a datatype",
    ),
}


def _with_value(value):
    tensor = b'{"name": "x", "datatype": "FP64", "shape": [1], "data": [' + value + b"]}"
    return b'{"inputs": [' + tensor + b"]}"


NO_JSON = {
    "empty": b"",
    "no UTF-8": b'{"inputs": "\xff"}',
    "truncated": b'{"inputs": [',
    "and more": b"{} {}",
    "single quotes": b"{'inputs': []}",
    "NaN": _with_value(b"NaN"),
    "infinity": _with_value(b"Infinity"),
    "minus infinity": _with_value(b"-Infinity"),
    "beyond floats": _with_value(b"1e999"),
    "5,000 digits": _with_value(b"1" * 5_000),
    "half a pair": b'{"id": "\\ud800"}',
    "null byte": b"\x00",
    "byte order mark": b"\xef\xbb\xbf{}",
    "binary": bytes(range(256)),
}


@pytest.fixture
def manifest():
    """A model with labels and named columns."""
    digest = "a" * 64
    return Manifest(
        name="iris",
        source=Source(framework="onnx", format="onnx", sha256="", versions={}),
        signature=Signature(
            inputs=(TensorSpec(name="x", datatype="FP32", shape=(-1, 2)),),
            outputs=(
                TensorSpec(name="label", datatype="BYTES", shape=(-1,), labels=("a", "é")),
                TensorSpec(name="score", datatype="FP16", shape=(-1, 2)),
            ),
            features=("length", "width"),
        ),
        blobs=(
            Blob(
                role="model", path="m", compression="none", size=1, sha256=digest,
                unpacked_size=1, unpacked_sha256=digest,
            ),
        ),
        compression="lossless",
        certificate=CertificateSummary(
            passed=True, rows=1, max_abs_diff=0.0, label_agreement=None
        ),
        runtime=RuntimeNeeds(ir_version=10, opsets={"": 17}, onnxruntime="1.28.1"),
    )  # fmt: skip


@pytest.fixture
def results():
    """What a session gave for two rows."""
    return {
        "label": np.array(["a", "é"], dtype=object),
        "score": np.array([[0.5, np.nan], [1, np.inf]], dtype=np.float16),
    }


def _request(**fields):
    return parse(orjson.dumps({"inputs": [INPUT], **fields}))


def _rendered(manifest, request, results):
    """The answer's document."""
    specs = chosen(manifest.signature, request)
    return orjson.loads(render(answered(manifest, VERSION, request), specs, results))


@pytest.mark.parametrize(("asked", "call"), ROUTES.items(), ids=map(" ".join, ROUTES))
def test_a_path_is_a_call(asked, call):
    """Each path of the protocol is known, with and without a version, and answers one method."""
    method, path = asked
    assert route(path) == call
    assert methods(path) == (method,)


@pytest.mark.parametrize("path", UNKNOWN_PATHS, ids=lambda path: path[:40] or "empty")
@pytest.mark.parametrize("ask", [route, methods], ids=["call", "methods"])
def test_another_path_is_unknown(ask, path):
    """Any other path is unknown, and the error shows no more than its beginning."""
    with pytest.raises(UnknownRoute, match="nothing is served at") as caught:
        ask(path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("document", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_refused(document, message):
    """A request that is not the protocol's is refused, saying where in one short line."""
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        parse(orjson.dumps(document))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_refused(body):
    """Bytes that are no JSON are refused, however deep, and the next request is read."""
    with pytest.raises(RequestError, match=r"^the body is not JSON: "):
        parse(body)
    assert _request().tensors["x"].tolist() == [1, 2]


def test_inputs_are_tensors_by_name():
    """Each input is a tensor of its datatype and shape."""
    second = {"name": "", "datatype": "BYTES", "shape": [1, 1], "data": [["é"]]}
    tensors = _request(inputs=[INPUT, second]).tensors
    assert {name: array.dtype for name, array in tensors.items()} == {"x": "int64", "": "object"}
    assert tensors[""].tolist() == [["é"]]


def test_what_the_protocol_lets_a_caller_add_is_passed_over():
    """Parameters of request, inputs and outputs, and fields not known, change nothing."""
    request = _request(
        parameters={"a": 1},
        inputs=[{**INPUT, "parameters": {"b": 2}, "note": 3}],
        outputs=[{"name": "y", "parameters": {"c": 3}}, {"name": "z", "parameters": None}],
        note=4,
    )
    assert request.tensors["x"].tolist() == [1, 2]
    assert (request.outputs, request.forms) == (("y", "z"), None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, None), ({"id": None}, None), ({"id": ""}, ""), ({"id": "é"}, "é")],
    ids=["absent", "null", "empty", "text"],
)
def test_the_id_is_echoed_if_there_is_one(manifest, results, fields, expected):
    """The caller's id comes back as it was, and no id where there was none."""
    answer = _rendered(manifest, _request(**fields), results)
    assert answer.get("id") == expected
    assert ("id" in answer) is (expected is not None)


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        ({}, ["label", "score"]),
        ({"outputs": []}, ["label", "score"]),
        ({"outputs": None}, ["label", "score"]),
        ({"outputs": [{"name": "score"}]}, ["score"]),
        ({"outputs": [{"name": "score"}, {"name": "label"}]}, ["score", "label"]),
    ],
    ids=["all", "none named", "null", "one", "in another order"],
)
def test_the_outputs_asked_for_are_given(manifest, results, outputs, names):
    """Outputs come in the order asked, or all in the model's order."""
    answer = _rendered(manifest, _request(**outputs), results)
    assert [output["name"] for output in answer["outputs"]] == names


def test_an_unknown_output_is_refused(manifest):
    """Asking for an output that the model has not names those that it has."""
    request = _request(outputs=[{"name": "label"}, {"name": "y" * 999}])
    with pytest.raises(RequestError, match=r"^unknown output 'y{64}'; this model gives") as caught:
        chosen(manifest.signature, request)
    assert str(caught.value).endswith("gives 'label', 'score'")


def test_an_answer_is_the_protocols(manifest, results):
    """An answer names model and version, and each output's datatype, shape and flat data."""
    assert _rendered(manifest, _request(), results) == {
        "model_name": "iris",
        "model_version": VERSION,
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["a", "é"]},
            {"name": "score", "datatype": "FP16", "shape": [2, 2], "data": [0.5, None, 1, None]},
        ],
    }


@pytest.fixture
def get(manifest):
    """A function that answers a GET for a path, with the manifest's model loaded."""
    model = LoadedModel(
        manifest=manifest, version=VERSION, session=None, load_ms=0.0, usage=Usage()
    )
    serving = SimpleNamespace(model=lambda *_: model, ready=lambda: model)

    def answered(path):
        request = Request(source=Sender.HTTP_API, method="GET", path=path)
        return orjson.loads(answer(request, serving).body)

    return answered


def test_the_metadata_are_the_protocols(get):
    """A model's metadata give its tensors, with labels and column names as parameters."""
    assert get("/v2/models/iris") == {
        "name": "iris",
        "versions": [VERSION],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {
                "name": "x",
                "datatype": "FP32",
                "shape": [-1, 2],
                "parameters": {"features": ["length", "width"]},
            }
        ],
        "outputs": [
            {
                "name": "label",
                "datatype": "BYTES",
                "shape": [-1],
                "parameters": {"labels": ["a", "é"]},
            },
            {"name": "score", "datatype": "FP16", "shape": [-1, 2]},
        ],
    }


def test_renamed_columns_stand_with_their_inputs(manifest):
    """Where each column is an input of its own and was renamed, each says which it is."""
    x = manifest.signature.inputs[0]
    inputs = (x._replace(name="home_dest"), x._replace(name="age"))
    signature = manifest.signature._replace(inputs=inputs, features=("home.dest", "age"))
    model = LoadedModel(
        manifest=manifest._replace(signature=signature),
        version=VERSION,
        session=None,
        load_ms=0.0,
        usage=Usage(),
    )
    request = Request(source=Sender.REST_API, method="GET", path="/v2/models/iris")
    described = orjson.loads(answer(request, SimpleNamespace(model=lambda *_: model)).body)
    assert [given["parameters"] for given in described["inputs"]] == [
        {"features": ["home.dest"]},
        {"features": ["age"]},
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2", {"name": "coldpress", "version": OWN_VERSION, "extensions": EXTENSIONS}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"live": True, "ready": True}),
        ("/v2/models/iris/ready", {"name": "iris", "ready": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_servers_answers_are_the_protocols(get, path, body):
    """Server metadata, health, and readiness are what the protocol says."""
    assert get(path) == body


@pytest.mark.parametrize(("most", "fits"), [(4, True), (3, False)], ids=["at", "beyond"])
def test_values_are_counted_over_all_inputs(most, fits):
    """The limit of values is inclusive, and is one for all of a request's tensors."""
    body = orjson.dumps({"inputs": [INPUT, {**INPUT, "name": "y"}]})
    limits = Limits(elements=most)
    if fits:
        assert parse(body, limits).tensors.keys() == {"x", "y"}
        return
    with pytest.raises(PayloadTooLarge, match=r"more than 3 values, which is the limit"):
        parse(body, limits)


@pytest.mark.parametrize(("message", "shown"), [("é", "é"), ('"\n', '"\n')], ids=ascii)
def test_any_message_can_be_an_error(message, shown):
    """An error's body is JSON whatever its message holds."""
    assert orjson.loads(refusal(400, "bad_request", message)) == {"error": shown}
