"""The docs function's handler, through every front: pages, documents, refusals."""

import json

import pytest

from tests.functions.docs.fronts import FRONTS, body_of, header_of

PATHS = {
    "/": "text/html; charset=utf-8",
    "/docs": "text/html; charset=utf-8",
    "/openapi.json": "application/json",
    "/catalogue": "application/json",
    "/static/style.css": "text/css; charset=utf-8",
    "/static/swagger-ui-bundle.min.js": "text/javascript; charset=utf-8",
    "/static/swagger-ui.min.css": "text/css; charset=utf-8",
}
LAMBDA_BYTES, LOAD_BALANCER_BYTES = 6 * 1024**2, 1024**2


@pytest.fixture
def docs(load_docs, publish, local_root):
    """The handler with a model in its store."""
    return load_docs(MODEL_URI=str(publish(local_root))).handler


@pytest.fixture(params=FRONTS.values(), ids=FRONTS.keys())
def ask(request, docs, context):
    """Sends a request through each front."""

    def send(path, method="GET", handler=docs, **headers):
        return handler(request.param(method, path, headers), context())

    return send


@pytest.mark.parametrize(("path", "kind"), PATHS.items(), ids=PATHS.keys())
def test_every_path_is_answered(ask, path, kind):
    """Pages, files and documents come through every front, each as what it is."""
    answer = ask(path)
    assert answer["statusCode"] == 200
    assert header_of(answer, "content-type") == kind
    assert body_of(answer)


@pytest.mark.parametrize("path", PATHS)
def test_answers_fit_through_their_front(ask, path):
    """Compressed as browsers ask for it, each answer is within its front's limit."""
    plain, packed = ask(path), ask(path, **{"accept-encoding": "gzip, deflate"})
    assert body_of(packed) == body_of(plain)
    size = len(json.dumps(packed))
    most = LOAD_BALANCER_BYTES if "statusDescription" in packed else LAMBDA_BYTES
    assert size < most


def test_a_load_balancer_can_carry_swagger_ui(docs, context):
    """Compressed, the largest file is within a load balancer's megabyte."""
    event = FRONTS["load balancer"](
        "GET", "/static/swagger-ui-bundle.min.js", {"accept-encoding": "gzip"}
    )
    assert len(json.dumps(docs(event, context()))) < LOAD_BALANCER_BYTES


def test_head_has_no_body(ask):
    """HEAD answers as GET does, but for the body."""
    answer = ask("/catalogue", "HEAD")
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert header_of(answer, "content-type") == "application/json"


def test_options_say_what_a_path_answers(ask):
    """OPTIONS gives the methods, and no body."""
    answer = ask("/", "OPTIONS")
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert header_of(answer, "allow") == "GET, HEAD, OPTIONS"


REFUSED = {
    "a path": ("/nowhere", "GET", 404, "nothing is served here"),
    "a path of predict's": ("/v2", "GET", 404, "nothing is served here"),
    "a file": ("/static/other.js", "GET", 404, "there is no file 'other.js' here"),
    "a file of another kind": ("/static/__init__.py", "GET", 404, "there is no file"),
    "a path upwards": ("/static/../catalogue.py", "GET", 404, "nothing is served here"),
    "an escaped path upwards": ("/static/%2e%2e%2fcatalogue.py", "GET", 404, "there is no file"),
    "dots": ("/static/..", "GET", 404, "there is no file '..' here"),
    "a zero": ("/static/style.css%00.js", "GET", 404, "there is no file"),
    "a method": ("/catalogue", "POST", 405, "this path answers GET and HEAD only"),
    "a method on a file": ("/static/style.css", "DELETE", 405, "answers GET and HEAD only"),
}


@pytest.mark.parametrize(
    ("path", "method", "status", "message"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_refusal_is_a_sentence(ask, path, method, status, message):
    """What is not served is refused with one sentence, and no file but the pages' comes out."""
    answer = ask(path, method)
    assert answer["statusCode"] == status
    assert message in json.loads(body_of(answer))["error"]
    assert header_of(answer, "allow") == ("GET, HEAD, OPTIONS" if status == 405 else None)


def test_pages_may_load_nothing_from_elsewhere(ask):
    """The policy keeps scripts, styles and requests to the page's own origin."""
    for path in ("/", "/docs"):
        policy = header_of(ask(path), "content-security-policy")
        assert "default-src 'none'; script-src 'self'; " in policy
        assert "connect-src 'self'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy


def test_a_store_without_the_model_is_503(ask, load_docs, tmp_path, capsys):
    """The caller gets one sentence without the store's address; the log has the cause."""
    handler = load_docs(MODEL_URI=f"file://{tmp_path}/gone/churn@live").handler
    for path in ("/openapi.json", "/catalogue"):
        answer = ask(path, handler=handler)
        assert answer["statusCode"] == 503
        assert header_of(answer, "retry-after") == "5"
        (message,) = json.loads(body_of(answer)).values()
        assert message == (
            "the models can't be read from their store at the moment; try again later"
        )
    assert str(tmp_path) in capsys.readouterr().out
    assert ask("/", handler=handler)["statusCode"] == 200


def test_what_nobody_foresaw_is_500(ask, docs, monkeypatch, capsys):
    """A slip of our own is answered with the request id, under which the log has the cause."""
    monkeypatch.setattr("coldpress_runtime.docs.pages.catalogue_document", lambda _: 1 / 0)
    answer = ask("/catalogue", handler=docs)
    assert answer["statusCode"] == 500
    assert "under request id request-1" in json.loads(body_of(answer))["error"]
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_a_base_path_is_undone(load_docs, publish, local_root, context):
    """Behind a custom domain's base path, paths are what they are without it."""
    handler = load_docs(MODEL_URI=str(publish(local_root)), COLDPRESS_BASE_PATH="/ml").handler
    for path in ("/ml", "/ml/", "/ml/catalogue", "/ml/static/style.css"):
        event = FRONTS["function URL"]("GET", path, {})
        assert handler(event, context())["statusCode"] == 200


def test_a_direct_invocation_is_told_off(docs, context):
    """An event of no front is answered as direct invocations are, with the status beside."""
    answer = docs({"inputs": []}, context())
    assert (answer["status"], "HTTP requests only" in answer["error"]) == (400, True)


@pytest.mark.parametrize("make", FRONTS.values(), ids=FRONTS.keys())
@pytest.mark.parametrize("value", [None, 1, [], {}], ids=repr)
def test_a_malformed_event_is_answered(docs, context, capsys, make, value):
    """Whatever a field of the event is, the answer is none of the function's own failures."""
    event = make("GET", "/", {})
    for field in event:
        if field != "requestContext":
            answer = docs({**event, field: value}, context())
            assert answer.get("statusCode", answer.get("status")) < 500
    for field in event["requestContext"]:
        changed = {**event["requestContext"], field: value}
        answer = docs({**event, "requestContext": changed}, context())
        assert answer.get("statusCode", answer.get("status")) < 500
    capsys.readouterr()


def test_the_documents_are_the_models(docs, context):
    """Catalogue and OpenAPI document tell the model that is in the store."""

    def read(path):
        return json.loads(body_of(docs(FRONTS["function URL"]("GET", path, {}), context())))

    assert [model["name"] for model in read("/catalogue")["models"]] == ["breast-cancer"]
    assert "/v2/models/breast-cancer/infer" in read("/openapi.json")["paths"]


ANSWER_AND_LIST = """
import json, sys
import docs

answer = docs.handler(json.loads(EVENT), None)
print(json.dumps({"status": answer["statusCode"], "modules": sorted(sys.modules)}))
"""


def test_neither_numpy_nor_onnxruntime_is_imported(run_python, publish, local_root):
    """The function tells of models without what runs them, and without pydantic or boto3."""
    event = json.dumps(FRONTS["HTTP API"]("GET", "/openapi.json", {}))
    lines = run_python(f"EVENT = {event!r}\n{ANSWER_AND_LIST}", MODEL_URI=str(publish(local_root)))
    told = json.loads(lines[-1])
    assert told["status"] == 200
    assert not {"numpy", "onnxruntime", "pydantic", "boto3", "coldpress"} & set(told["modules"])
