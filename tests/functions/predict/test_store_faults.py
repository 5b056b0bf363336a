"""The store's faults, through the handler: each row of the promises about it."""

import json
import threading

import pytest

from tests.functions.scripted import dribble, hang_up, refuse

SLOW_DOWN = refuse(503, "SlowDown", "Please reduce your request rate.")
TOO_MANY = refuse(429, "TooManyRequests")
DENIED = refuse(403, "AccessDenied", "Access Denied")
KMS = refuse(
    403,
    "AccessDenied",
    "User: arn:aws:sts::1:assumed-role/f is not authorized to perform: kms:Decrypt on resource: "
    "arn:aws:kms:eu-central-1:1:key/k because no identity-based policy allows it",
)
KMS_DISABLED = refuse(400, "KMS.DisabledException", "arn:aws:kms:eu-central-1:1:key/k is disabled.")


@pytest.fixture
def stored(scripted_s3, store_model):
    """The classifier at an endpoint under the test's control."""
    made = store_model("s3://bucket/models")
    scripted_s3.lay(made)
    return made


@pytest.fixture
def start(load_predict, stored):
    """Starts the function with that model; one read of the store may take a second."""

    def load(uri=stored.live, **environment):
        return load_predict(MODEL_URI=uri, COLDPRESS_FETCH_SECONDS="1", **environment)

    return load


@pytest.fixture
def logged(capsys):
    """What was logged since the last call, as errors' codes and messages."""

    def read():
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [(x["error_code"], x["message"]) for x in lines if x.get("level") == "ERROR"]

    return read


def _altered(stored):
    return stored.stored[:-1] + bytes([stored.stored[-1] ^ 1])


PASSING = {
    "throttled": lambda stored: [SLOW_DOWN, SLOW_DOWN, stored.stored],
    "too many requests": lambda stored: [TOO_MANY, stored.stored],
    "server errors": lambda stored: [500, 502, stored.stored],
    "reset": lambda stored: [hang_up, hang_up, stored.stored],
    "truncated": lambda stored: [(stored.stored, 20), stored.stored],
    "altered": lambda stored: [_altered(stored), stored.stored],
}

# What lasts, and the code that the log has for it.
LASTING = {
    "throttled": (lambda _: [SLOW_DOWN], "store"),
    "too many requests": (lambda _: [TOO_MANY], "store"),
    "server errors": (lambda _: [500], "store"),
    "reset": (lambda _: [hang_up], "store"),
    "truncated": (lambda stored: [(stored.stored, 20)], "store"),
    "altered": (lambda stored: [_altered(stored)], "integrity"),
    "replaced by another": (lambda stored: [stored.manifest.to_bytes()], "integrity"),
    "vanished": (lambda _: [404], "not_found"),
    "denied": (lambda _: [DENIED], "denied"),
    "key denied": (lambda _: [KMS], "kms"),
    "key disabled": (lambda _: [KMS_DISABLED], "kms"),
}


@pytest.mark.parametrize("answers", PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_is_not_seen(start, scripted_s3, stored, infer, context, answers):
    """What a second or third try cures within the time costs no request."""
    scripted_s3.script(stored, stored.blob_path, *answers(stored))
    predict = start(COLDPRESS_INIT_SECONDS="9")
    assert predict.handler(infer(), context())["statusCode"] == 200


@pytest.mark.parametrize(("answers", "code"), LASTING.values(), ids=LASTING.keys())
def test_a_fault_that_lasts_is_503_until_it_is_over(
    start, scripted_s3, stored, infer, context, logged, answers, code
):
    """The caller hears 503 and when to ask again, the log has the cause, and nothing is kept."""
    scripted_s3.script(stored, stored.blob_path, *answers(stored))
    predict = start()
    logged()
    answer = predict.handler(infer(), context())
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["retry-after"]) >= 1
    told = json.loads(answer["body"])["error"]
    assert told == "the model is not available at the moment; try again later"
    assert [found for found, _ in logged()] == [code]
    scripted_s3.lay(stored)
    assert predict.handler(infer(), context())["statusCode"] == 200


@pytest.mark.parametrize("path", ["channel", "manifest", "blob"])
@pytest.mark.parametrize("answer", [DENIED, KMS, 404], ids=["denied", "key denied", "gone"])
def test_a_refusal_is_asked_for_once(start, scripted_s3, stored, path, answer):
    """What the store refuses is not tried again by the same load."""
    paths = {
        "channel": stored.channel_path,
        "manifest": stored.uri.manifest_path,
        "blob": stored.blob_path,
    }
    scripted_s3.script(stored, paths[path], answer)
    start()
    assert scripted_s3.count(paths[path]) == 1


def test_altered_bytes_are_asked_for_once_more(start, scripted_s3, stored):
    """Bytes that are not the promised ones are fetched twice by a load, and not thrice."""
    scripted_s3.script(stored, stored.blob_path, _altered(stored))
    start()
    assert scripted_s3.count(stored.blob_path) == 2


def test_retries_are_bounded(start, scripted_s3, stored):
    """A store that fails each time is asked a handful of times by a load, and given up."""
    scripted_s3.script(stored, stored.blob_path, 500)
    start()
    assert 1 < scripted_s3.count(stored.blob_path) <= 5


@pytest.mark.parametrize("path", ["channel", "blob"])
def test_a_slow_body_is_given_up_in_time(start, scripted_s3, stored, infer, context, logged, path):
    """A body whose bytes come one by one ends with the time for it; a later request is answered."""
    paths = {"channel": stored.channel_path, "blob": stored.blob_path}
    stop = threading.Event()
    slow = dribble(stored.objects[paths[path]], stop)
    scripted_s3.script(stored, paths[path], slow)
    predict = start()
    assert logged()[0][0] == "store"
    stop.set()
    scripted_s3.lay(stored)
    assert predict.handler(infer(), context())["statusCode"] == 200


def test_a_request_without_time_does_not_wait_for_a_slow_body(
    start, scripted_s3, stored, infer, context
):
    """With little time left the answer is 503 at once, though the store has not given up yet."""
    stop = threading.Event()
    scripted_s3.script(stored, stored.blob_path, dribble(stored.stored, stop), stored.stored)
    predict = start(COLDPRESS_INIT_SECONDS="1")
    answer = predict.handler(infer(), context(milliseconds=400))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) in ((503, "1"), (503, "5"))
    stop.set()
    assert predict.handler(infer(), context())["statusCode"] == 200


def test_a_channel_is_read_once_by_a_load(start, scripted_s3, stored, store_model, infer, context):
    """A channel that moves while a model is loaded does not mix two versions."""
    other = store_model(stored.root, compression="none")
    scripted_s3.lay(other)
    channels = [made.objects[made.channel_path] for made in (stored, other)]
    scripted_s3.script(stored, stored.channel_path, *channels)
    predict = start()
    answer = json.loads(predict.handler(infer(), context())["body"])
    assert answer["model_version"] == stored.uri.digest
    assert scripted_s3.count(stored.channel_path) == 1


@pytest.mark.parametrize("answer", [404, DENIED, KMS, 500], ids=["gone", "denied", "key", "down"])
@pytest.mark.parametrize("pointer", ["live", "pinned"])
def test_a_loaded_model_outlives_its_store(
    start, scripted_s3, stored, infer, context, until, pointer, answer
):
    """Whatever becomes of the store, the model that was loaded answers."""
    predict = start(getattr(stored, pointer), COLDPRESS_CHANNEL_SECONDS="1")
    for path in stored.objects:
        scripted_s3.script(stored, path, answer)

    def read_again():
        assert predict.handler(infer(), context())["statusCode"] == 200
        return pointer == "pinned" or scripted_s3.count(stored.channel_path) > 1

    until(read_again)
    until(lambda: not [t for t in threading.enumerate() if t.name == "refresh"])
    assert predict.handler(infer(), context())["statusCode"] == 200
