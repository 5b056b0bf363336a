"""What belongs to HTTP rather than to a dialect: methods, encodings, other origins."""

import base64
import gzip
import json
import zlib

import pytest

MODEL = "/v2/models/breast-cancer"
INFER = f"{MODEL}/infer"
PAGE = "https://app.example.com"


@pytest.fixture
def many(infer):
    """Makes an event that asks for a hundred rows, with headers."""

    def event(**headers):
        document = json.loads(infer()["body"])
        document["inputs"][0] |= {"shape": [100, 30], "data": [0.25] * 3000}
        return infer(document, headers=headers)

    return event


def test_head_is_get_without_a_body(predict, http):
    """HEAD has the status and the headers of GET, and no body."""
    get, head = (predict.handler(http(method, MODEL), None) for method in ("GET", "HEAD"))
    assert (head["statusCode"], head["headers"]) == (200, get["headers"])
    assert head["body"] == ""
    assert get["body"]


def test_head_of_what_is_not_there_has_no_body_either(predict, http):
    """An error that answers HEAD has no body."""
    answer = predict.handler(http("HEAD", "/v2/models/other"), None)
    assert (answer["statusCode"], answer["body"]) == (404, "")


@pytest.mark.parametrize(
    ("path", "methods"),
    [(INFER, "POST, OPTIONS"), (MODEL, "GET, HEAD, OPTIONS")],
    ids=["inference", "metadata"],
)
def test_options_tell_the_methods(predict, http, path, methods):
    """OPTIONS names what a path answers, and nothing of other origins unless that is set."""
    answer = predict.handler(http("OPTIONS", path, headers={"origin": PAGE}), None)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"] == {"allow": methods}


def test_head_of_an_inference_is_not_allowed(predict, http):
    """HEAD is no way to ask for an inference."""
    answer = predict.handler(http("HEAD", INFER), None)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "POST, OPTIONS")


def test_a_page_of_an_allowed_origin_may_ask(load_predict, uri, http, infer):
    """A browser's preflight and request are answered with what lets its page read the answer."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_CORS_ORIGINS=PAGE)
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    preflight = predict.handler(http("OPTIONS", INFER, headers=asks), None)
    assert preflight["statusCode"] == 204
    assert preflight["headers"]["access-control-allow-methods"] == "POST, OPTIONS"
    for answer in (preflight, predict.handler(infer(headers={"origin": PAGE}), None)):
        assert answer["headers"]["access-control-allow-origin"] == PAGE


def test_an_error_may_be_read_by_an_allowed_page(load_predict, uri, infer):
    """Errors, too, carry what lets a page read them."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_CORS_ORIGINS="*")
    answer = predict.handler(infer({}, headers={"origin": PAGE}), None)
    assert answer["statusCode"] == 400
    assert answer["headers"]["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress)],
    ids=["gzip", "deflate"],
)
def test_a_compressed_body_is_read(ask, infer, encoding, pack):
    """A body that the client compressed is answered like a plain one."""
    plain = infer()
    body = base64.b64encode(pack(plain["body"].encode())).decode()
    event = {**plain, "body": body, "headers": {"Content-Encoding": encoding}}
    assert ask({**event, "isBase64Encoded": True}) == ask(plain)


def test_a_bomb_is_refused_and_the_next_request_answered(ask, infer):
    """What grows beyond the limits is a 413, and the function lives on."""
    bomb = base64.b64encode(gzip.compress(bytes(50_000_000))).decode()
    headers = {"content-encoding": "gzip"}
    status, document = ask(infer(bomb, headers=headers, encoded=True))
    assert status == 413
    assert "once its gzip is undone" in document["error"]
    assert ask(infer())[0] == 200


def test_an_answer_is_compressed_for_who_asks(predict, many):
    """A long answer is sent in gzip to who takes it, as base64."""
    plain = predict.handler(many(), None)
    packed = predict.handler(many(**{"Accept-Encoding": "gzip"}), None)
    assert packed["headers"]["content-encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
    assert len(packed["body"]) < len(plain["body"]) / 4


def test_the_limit_of_answers_counts_what_is_sent_compressed(load_predict, uri, many):
    """An answer that is too long in plain may be sent compressed."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_MAX_RESPONSE_BYTES="1000")
    assert predict.handler(many(), None)["statusCode"] == 413
    assert predict.handler(many(**{"accept-encoding": "gzip"}), None)["statusCode"] == 200


def test_a_rest_api_compresses_by_itself(predict, many):
    """Behind a REST API answers stay plain, since it would hand base64 on as text."""
    event = many()
    rest = {
        "httpMethod": "POST", "path": event["rawPath"], "body": event["body"],
        "headers": {"accept-encoding": "gzip"}, "requestContext": {"resourceId": "a"},
    }  # fmt: skip
    answer = predict.handler(rest, None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)


@pytest.mark.parametrize("undone", [True, False], ids=["undone", "left"])
@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_rest_api_may_have_undone_an_encoding(predict, many, encoding, pack, undone):
    """REST APIs undo encodings and may leave the header: the body itself says whether they did."""
    event = many()
    body = event["body"].encode() if undone else pack(event["body"].encode())
    rest = {
        "httpMethod": "POST", "path": event["rawPath"], "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
        "headers": {"content-encoding": encoding}, "requestContext": {"resourceId": "a"},
    }  # fmt: skip
    assert predict.handler(rest, None)["statusCode"] == 200


def test_an_answer_names_all_that_it_varies_by(load_predict, uri, many):
    """Compression and origins are told to caches together."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_CORS_ORIGINS=PAGE)
    packed = predict.handler(many(**{"accept-encoding": "gzip", "origin": PAGE}), None)
    assert packed["headers"]["vary"] == "accept-encoding, origin"
    assert predict.handler(many(), None)["headers"]["vary"] == "origin"


def test_a_base_path_is_taken_off(load_predict, uri, http):
    """Below a base path the function answers as at the root."""
    predict = load_predict(MODEL_URI=uri, COLDPRESS_BASE_PATH="/ml")
    assert predict.handler(http("GET", "/ml/v2/health/live"), None)["statusCode"] == 200
