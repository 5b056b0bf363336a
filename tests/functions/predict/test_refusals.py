import base64
import json
import re

import pytest
from onnx import helper

MODEL = "/v2/models/breast-cancer"
INFER = f"{MODEL}/infer"

# Method and path, status, and what the error says.
REFUSED_PATHS = {
    "unknown path": (("GET", "/v3"), 404, "nothing is served at /v3; see GET /v2"),
    "unknown model": (
        ("GET", "/v2/models/iris"),
        404,
        "unknown model 'iris'; this function serves 'breast-cancer'",
    ),
    "empty model": (("POST", "/v2/models//infer"), 404, "nothing is served at"),
    "empty version": (("GET", f"{MODEL}/versions//ready"), 404, "nothing is served at"),
    "unknown version": (("GET", f"{MODEL}/versions/1"), 404, "unknown version '1' of"),
    "path climbing up": (("GET", "/v2/models/../models/x"), 404, "nothing is served"),
    "path of half a pair": (("GET", "/v2/\ud800"), 400, "string of Unicode characters"),
    "wrong method": (("GET", INFER), 405, f"{INFER} answers POST, not GET"),
    "wrong method of a model": (("DELETE", MODEL), 405, f"{MODEL} answers GET, not DELETE"),
    "no method": ((None, "/v2"), 400, "the event's method must be a string"),
}

# Changes of the one tensor of a good request, and what the error says.
REFUSED_TENSORS = {
    "NaN token": ({"data": [float("nan")] * 30}, "the body is not JSON"),
    "infinite token": ({"data": [float("-inf")] * 30}, "the body is not JSON"),
    "unknown input": ({"name": "x"}, "unknown input 'x'; this model takes 'input'"),
    "wrong datatype": ({"datatype": "FP32"}, "input 'input' must be FP64, not FP32"),
    "wrong rank": ({"shape": [30]}, "input 'input' must have 2 dimensions, [-1, 30], not 1: [30]"),
    "wrong columns": ({"shape": [2, 15]}, "input 'input' must have shape [-1, 30], not [2, 15]"),
    "wrong length": ({"data": [1]}, "input 'input' has 1 values, but its shape [1, 30] needs 30"),
    "no rows": ({"shape": [0, 30], "data": []}, "input 'input' is empty: its shape is [0, 30]"),
    "impossible shape": ({"shape": [2**63, 0], "data": []}, "no tensor can have the shape"),
    "huge shape": ({"shape": [2**62, 2**62]}, "has 30 values, but its shape"),
    "text for numbers": ({"data": ["1.5"] * 30}, "is FP64, but its data hold strings"),
    "booleans for numbers": ({"data": [True] * 30}, "is FP64, but its data hold booleans"),
}

# A request's body, and what the error says.
REFUSED_BODIES = {
    "empty": ("", "the body is not JSON"),
    "bad JSON": ("{", "the body is not JSON"),
    "250,000 deep": ("[" * 250_000, "stand more than 100 deep"),
    "half a pair": ("\ud800", "the body is not JSON"),
    "no object": ([], "must be a JSON object, not lists"),
    "inputs no list": ({"inputs": 1}, "the request's inputs must be a list of objects"),
    "missing input": ({"inputs": []}, "the request has no inputs"),
}

REFUSED_HEADERS = {
    "compressed": ("Content-Encoding", "br", "content-encoding 'br' is not read"),
    "stacked": ("content-encoding", "gzip, br", "content-encoding 'gzip, br' is not read"),
    "half a pair": ("content-encoding", "\ud800", "content-encoding '?' is not read"),
}


@pytest.fixture
def refuse(ask, infer):
    """Has the handler refuse an event; gives status and error, once it answered a good request."""

    def error_of(event):
        status, document = ask(event)
        assert document.keys() == {"error"}
        assert "\n" not in document["error"]
        assert len(document["error"]) < 300
        assert ask(infer())[0] == 200
        return status, document["error"]

    return error_of


@pytest.fixture
def echo_uri(store_model, build_onnx, local_root):
    """A model that gives back the strings that it gets."""
    model = build_onnx(
        [helper.make_node("Identity", ["x"], ["y"])],
        {"x": ("BYTES", [None])},
        {"y": ("BYTES", [None])},
    )
    return store_model(local_root, model=model).put().live


@pytest.mark.parametrize(
    ("asked", "status", "message"), REFUSED_PATHS.values(), ids=REFUSED_PATHS.keys()
)
def test_a_wrong_path_is_refused(refuse, http, asked, status, message):
    """A path or method that is not served has its status, and an error that says what is."""
    found, error = refuse(http(*asked, body="{}"))
    assert found == status
    assert message in error


@pytest.mark.parametrize(
    ("changes", "message"), REFUSED_TENSORS.values(), ids=REFUSED_TENSORS.keys()
)
def test_a_wrong_tensor_is_refused(refuse, infer, changes, message):
    """A tensor that the model can't take is a 400, which says what was expected and found."""
    status, error = refuse(infer(**changes))
    assert status == 400
    assert message in error


@pytest.mark.parametrize(("body", "message"), REFUSED_BODIES.values(), ids=REFUSED_BODIES.keys())
def test_a_wrong_body_is_refused(refuse, infer, body, message):
    """A body that is no inference request is a 400, however deep it is."""
    status, error = refuse(infer(body))
    assert status == 400
    assert message in error


@pytest.mark.parametrize(
    ("name", "value", "message"), REFUSED_HEADERS.values(), ids=REFUSED_HEADERS.keys()
)
def test_an_encoding_that_is_not_read_is_refused(refuse, infer, name, value, message):
    """A body in an encoding that the function does not read is a 415."""
    status, error = refuse(infer(headers={name: value}))
    assert status == 415
    assert message in error


@pytest.mark.parametrize("value", ["identity", "Identity", ""])
def test_a_plain_body_may_say_so(ask, infer, value):
    """The encoding of a plain body may be named."""
    assert ask(infer(headers={"Content-Encoding": value}))[0] == 200


def test_bad_base64_is_refused(refuse, infer):
    """A body that says that it is base64 and is not is a 400."""
    status, error = refuse(infer("?", encoded=True))
    assert status == 400
    assert "not sound base64" in error


@pytest.mark.parametrize("twice", ["inputs", "outputs"])
def test_a_name_twice_is_refused(refuse, infer, twice):
    """An input or a requested output that is there twice is a 400."""
    document = json.loads(infer()["body"])
    document["outputs"] = [{"name": "label"}]
    status, error = refuse(infer({**document, twice: document[twice] * 2}))
    assert status == 400
    assert "twice" in error


def test_a_key_twice_is_refused(refuse, infer):
    """A key that is there twice is a 400, since a parser would silently keep one of the two."""
    body = infer()["body"]
    status, error = refuse(infer(f'{body[:-1]}, "inputs": []}}'))
    assert status == 400
    assert error == "an object of the body has the name 'inputs' twice"


def test_an_endless_name_stays_out_of_the_log(ask, capsys):
    """A direct invocation's model may have any name; the line about it has an end."""
    status, _ = ask({"inputs": [], "model_name": "m" * 3_000_000})
    assert status == 404
    assert max(map(len, capsys.readouterr().out.splitlines())) < 4_000


def test_what_memory_can_t_hold_is_refused(load_predict, uri, http, read):
    """A small function counts values before it parses them, whatever the format."""
    predict = load_predict(MODEL_URI=uri, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="128")
    for body, path, kind in [
        (f"[{','.join(['{}'] * 65_537)}]", "/predict", "application/json"),
        ("a\n" + "1\n" * 65_537, "/invocations", "text/csv"),
    ]:
        event = http("POST", path, body=body, headers={"content-type": kind})
        status, document = read(predict.handler(event, None))
        assert status == 413
        assert "more than 65,536" in document.get("error", document.get("message"))


def test_an_unknown_output_is_refused(refuse, infer):
    """An output that the model has not is a 400 that names those that it has."""
    document = json.loads(infer()["body"])
    status, error = refuse(infer({**document, "outputs": [{"name": "y"}]}))
    assert status == 400
    assert error == "unknown output 'y'; this model gives 'label', 'probabilities'"


@pytest.mark.parametrize(
    "event", [None, [], "x", 3, {}, {"inputs": 1}, {"inputs": [2**70]}], ids=str
)
def test_a_wrong_direct_invocation_is_refused(ask, event):
    """What is invoked directly with nonsense gets status and error, never a traceback."""
    status, document = ask(event)
    assert status == 400
    assert document.keys() == {"error", "status"}


def test_a_method_that_is_not_allowed_names_the_one_that_is(predict, http):
    """A 405 has the Allow header."""
    assert predict.handler(http("PUT", INFER), None)["headers"]["allow"] == "POST, OPTIONS"


def test_a_body_over_the_limit_is_refused(load_predict, uri, infer, read):
    """The body's limit is inclusive, counted after base64, and named in the error."""
    body = infer()["body"]
    predict = load_predict(MODEL_URI=uri, COLDPRESS_MAX_BODY_BYTES=str(len(body)))
    encoded = base64.b64encode(body.encode()).decode()
    assert read(predict.handler(infer(encoded, encoded=True), None))[0] == 200
    status, document = read(predict.handler(infer(f"{body} "), None))
    assert status == 413
    assert document["error"] == f"the body has {len(body) + 1} bytes; the limit is {len(body)}"


def test_an_answer_over_the_limit_is_refused(load_predict, uri, infer, read):
    """An answer too large to send is a 413 that says how to ask for less."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_MAX_RESPONSE_BYTES="250")
    status, document = read(predict.handler(infer(), None))
    assert status == 413
    assert re.match(r"the answer has [\d,]+ bytes and at most 250 can be sent; ", document["error"])
    fewer = {**json.loads(infer()["body"]), "outputs": [{"name": "label"}]}
    assert read(predict.handler(infer(fewer), None))[0] == 200


def test_the_limit_of_answers_counts_what_is_sent(load_predict, echo_uri, infer):
    """Quotes, which are escaped on their way, count twice against the limit."""
    event = infer(name="x", datatype="BYTES", shape=[200], data=["a"] * 200)
    predict = load_predict(MODEL_URI=echo_uri)
    sent = len(json.dumps(predict.handler(event, None)["body"])) - len('""')
    predict = load_predict(COLDPRESS_MAX_RESPONSE_BYTES=str(sent))
    assert predict.handler(event, None)["statusCode"] == 200
    predict = load_predict(COLDPRESS_MAX_RESPONSE_BYTES=str(sent - 1))
    assert predict.handler(event, None)["statusCode"] == 413


def test_a_load_balancers_answer_ends_at_a_megabyte(load_predict, echo_uri, infer):
    """What a load balancer could not hand on is a 413 in time, and goes compressed to who asks."""
    predict = load_predict(MODEL_URI=echo_uri)
    event = infer(name="x", datatype="BYTES", shape=[1], data=["a" * 1_000_000])
    balanced = {
        "httpMethod": "POST", "path": event["rawPath"], "body": event["body"],
        "headers": {}, "requestContext": {"elb": {}},
    }  # fmt: skip
    refused = predict.handler(balanced, None)
    assert (refused["statusCode"], "at most 991,808" in refused["body"]) == (413, True)
    balanced["headers"] = {"accept-encoding": "gzip"}
    assert predict.handler(balanced, None)["statusCode"] == 200
    assert predict.handler(event, None)["statusCode"] == 200
