"""AWS's own sample events, as the SAM CLI generates them, through the handler."""

import base64
import json

import pytest

import coldpress
from coldpress.local.handler import LocalContext, load_batch, load_handler
from coldpress_runtime.errors import NotARequest
from coldpress_runtime.pointers import ModelUri

ROW = {"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}
INFER = "v2/models/irises/infer"
KINDS = {
    "REST API": ("apigateway", "aws-proxy"),
    "HTTP API": ("apigateway", "http-api-proxy"),
    "load balancer": ("alb", "request"),
}


@pytest.fixture(scope="module")
def irises(tmp_path_factory):
    """A model's URI."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("irises")
    rows, truth = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=200).fit(rows, truth)
    bundle = coldpress.export(model, sample=rows[::7], output=folder / "b", name="irises")
    uri = coldpress.publish(bundle, str(folder / "store")).uri
    return ModelUri.parse(str(uri))


@pytest.fixture(scope="module")
def handler(irises):
    """The handler with the model loaded."""
    return load_handler(irises)


@pytest.fixture
def generated(sam_tool, tmp_path):
    """A function that has the SAM CLI generate an event."""

    def generate(kind, **options):
        flags = [flag for name, value in options.items() for flag in (f"--{name}", value)]
        outcome = sam_tool("sam").run("local", "generate-event", *kind, *flags, cwd=tmp_path)
        text = outcome.stdout
        return json.loads(text[text.index("{") : text.rindex("}") + 1])

    return generate


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_an_inference_in_awss_own_event_is_answered(handler, generated, kind):
    """Path, method and a body in base64 are found where AWS puts them, and the answer is sound."""
    event = generated(kind, path=INFER, body=json.dumps({"inputs": [ROW]}), method="POST")
    assert event["isBase64Encoded"] is True
    answer = handler(event, LocalContext())
    assert answer["statusCode"] == 200
    body = answer["body"]
    document = json.loads(base64.b64decode(body) if answer["isBase64Encoded"] else body)
    assert document["outputs"][0]["data"] == [0]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_awss_own_path_is_unknown_in_one_sentence(handler, generated, kind):
    """An event as it comes, for a path that the function has not, is a 404 of one sentence."""
    answer = handler(generated(kind), LocalContext())
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"]) == {
        "error": "nothing is served at /path/to/resource; see GET /v2"
    }


def test_the_stage_of_awss_own_event_is_taken_off(handler, generated):
    """An HTTP API's stage leads its path."""
    event = generated(KINDS["HTTP API"], path="dev/v2/health/live", stage="dev", method="GET")
    answer = handler(event, LocalContext())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"live": True})


@pytest.mark.parametrize(
    "kind", [("s3", "put"), ("sqs", "receive-message"), ("sns", "notification")]
)
def test_an_event_of_another_source_is_an_error(handler, generated, kind):
    """What a queue, a topic or a bucket sends is not taken as done, but fails the invocation."""
    with pytest.raises(NotARequest, match=r"batch\.handler"):
        handler(generated(kind), LocalContext())


def test_an_event_without_a_source_is_refused(handler, generated):
    """What no front sent, and nobody sends again, is refused with what would be read instead."""
    answer = handler(generated(("cloudwatch", "scheduled-event")), LocalContext())
    assert answer["status"] == 400
    assert "neither an API's nor an inference request" in answer["error"]


def test_a_message_in_awss_own_event_is_answered(generated, tmp_path, irises):
    """The queue's function finds the body where AWS puts it."""
    event = generated(("sqs", "receive-message"))
    event["Records"][0]["body"] = json.dumps({"inputs": [ROW]})  # --body takes no quotes
    answer = load_batch(irises, results=tmp_path.as_uri())(event, LocalContext())
    assert answer == {"batchItemFailures": []}
    (kept,) = tmp_path.rglob("*.json")
    assert json.loads(kept.read_bytes())["outputs"][0]["data"] == [0]
