"""Messages of a real queue through the handler: answered, put aside, or given back."""

import hashlib
import json
import threading
from types import SimpleNamespace

import obstore
import pytest

from coldpress_runtime.errors import NotARequest
from coldpress_runtime.store import open_store


def key(body, path="/v2/infer", kind="application/json"):
    return hashlib.sha256(f"{path}\n{kind}\n{body}".encode()).hexdigest()


def other(question, number=2):
    return question.replace("question-1", f"question-{number}")


def test_a_message_is_answered(queue, handler, context, question, model, answers):
    """The answer lies where model, version and question say, and the queue is empty."""
    queue.send(question)
    assert queue.poll(handler, context()) == []
    (found,) = answers().items()
    path, document = found
    assert path == f"breast-cancer/{model.uri.digest}/{key(question)}.json"
    assert (document["id"], document["model_version"]) == ("question-1", model.uri.digest)
    assert [output["name"] for output in document["outputs"]] == ["label", "probabilities"]
    assert queue.receive() == {"Records": []}
    assert queue.dead() == []


def test_a_message_is_the_handlers_request(
    queue, handler, context, question, answers, load_predict
):
    """An answer is the one that a caller of the other function gets."""
    queue.send(question)
    queue.poll(handler, context())
    (document,) = answers().values()
    assert document == load_predict().handler(json.loads(question), context())


def test_a_message_may_speak_another_protocol(queue, handler, context, answers):
    """An attribute names the path, another one the content type."""
    rows = json.dumps({"instances": [[1.5] * 30]})
    kind = "application/json; charset=utf-8"
    queue.send(rows, path="/v1/models/breast-cancer:predict")
    queue.send(rows, path="/invocations", content_type=kind)
    assert queue.poll(handler, context()) == []
    kept = {path.rpartition("/")[2]: document for path, document in answers().items()}
    expected = {key(rows, "/v1/models/breast-cancer:predict"), key(rows, "/invocations", kind)}
    assert kept.keys() == {f"{each}.json" for each in expected}
    assert all("predictions" in document for document in kept.values())


POISON = {
    "no JSON": ("{", {}, "not JSON"),
    "no inputs": ("{}", {}, "inputs"),
    "a wrong shape": ('{"inputs": [{"name": "input"}]}', {}, "datatype"),
    "an unknown model": ("{}", {"path": "/v2/models/other/infer"}, "unknown model 'other'"),
    "an unknown path": ("{}", {"path": "/nowhere"}, "nothing is served at /nowhere"),
    "an unknown content type": ("{}", {"content_type": "text/x", "path": "/predict"}, "text/x"),
    "nothing that asks a model": ("{}", {"path": "/v2"}, "GET"),
    "a line break in the path": ("{}", {"path": "/v2\n/x"}, "attribute path holds characters"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "attributes", "reason"), POISON.values(), ids=POISON.keys())
def test_poison_goes_to_the_dead_letter_queue(
    queue, handler, context, question, answers, body, attributes, reason
):
    """What can't be answered is put aside at once, with why, and its neighbours are answered."""
    queue.send(question)
    queue.send(body, **attributes)
    queue.send(other(question))
    assert queue.poll(handler, context()) == []
    (dead,) = queue.dead()
    assert dead[0] == body
    assert reason in dead[1]
    assert {document["id"] for document in answers().values()} == {"question-1", "question-2"}


def test_poison_without_a_dead_letter_queue_goes_back(
    queue, load_batch, context, model, results_url
):
    """Then the queue's own redrive policy puts it aside."""
    handler = load_batch(MODEL_URI=model.live, COLDPRESS_RESULTS=results_url)
    queue.send("{")
    assert queue.poll(handler, context()) == ["{"]
    assert queue.poll(handler, context()) == ["{"]
    assert queue.poll(handler, context()) == []
    assert queue.dead() == [("{", "")]


def test_a_dead_letter_queue_that_is_gone_loses_nothing(
    queue, load_batch, context, model, results_url, logged
):
    """What can't be put aside goes back, and the log says why."""
    handler = load_batch(
        MODEL_URI=model.live,
        COLDPRESS_RESULTS=results_url,
        COLDPRESS_DEAD_LETTER_QUEUE=f"{queue.dead_url}-gone",
    )
    queue.send("{")
    assert queue.poll(handler, context()) == ["{"]
    ((code, message),) = logged()
    assert (code, "does not exist" in message) == ("unexpected", True)


def test_a_message_that_came_twice_has_one_answer(queue, handler, context, question, answers):
    """A message delivered again, and the same question sent again, change nothing."""
    queue.send(question, question)
    event = queue.receive()
    for _ in range(3):
        assert handler(event, context()) == {"batchItemFailures": []}
    assert len(answers()) == 1


def test_an_answer_that_is_kept_stays_as_it_is(
    queue, handler, context, question, model, results_url, answers
):
    """What lies there already is not written over, whatever it is."""
    path = f"breast-cancer/{model.uri.digest}/{key(question)}.json"
    obstore.put(open_store(results_url, plain_http=True), path, b'{"kept": true}')
    queue.send(question)
    assert queue.poll(handler, context()) == []
    assert answers() == {path: {"kept": True}}


def test_a_write_that_met_another_is_no_answer(
    load_batch, context, question, store_model, local_root, scripted_s3
):
    """Where S3 lets neither of two writes pass (409), the message goes back."""
    scripted_s3.taken = [409]
    uri = store_model(local_root).put().live
    handler = load_batch(MODEL_URI=uri, COLDPRESS_RESULTS="s3://bucket/answers")
    record = {"messageId": "1", "body": question, "eventSource": "aws:sqs"}
    assert handler({"Records": [record]}, context())["batchItemFailures"]


def test_no_two_questions_have_one_key(queue, handler, context, answers):
    """A line break in an attribute, which would move the border to the body, is refused."""
    queue.send("1,2,3", path="/invocations", content_type="text/csv;\n9,9,9")
    assert queue.poll(handler, context()) == []
    assert [body for body, _ in queue.dead()] == ["1,2,3"]
    assert answers() == {}


def test_another_version_answers_anew(
    queue, load_batch, context, question, answers, store_model, s3_root, results_url, classifier
):
    """An answer is one version's: what a model was asked does not count for the next one."""
    store_model(s3_root).put()
    queue.send(question, question)
    event = queue.receive()
    uris = [store_model(s3_root).put(), store_model(s3_root, stored=classifier, compression="none")]
    for model in uris:
        handler = load_batch(MODEL_URI=model.put().pinned, COLDPRESS_RESULTS=results_url)
        assert handler(event, context()) == {"batchItemFailures": []}
    assert {path.split("/")[1] for path in answers()} == {each.uri.digest for each in uris}


def test_a_fault_that_passes_sends_the_message_back(
    queue, load_batch, context, question, answers, store_model, s3_root, results_url
):
    """Without a model nothing is put aside; with it, the same message is answered."""
    model = store_model(s3_root)
    handler = load_batch(
        MODEL_URI=model.live,
        COLDPRESS_RESULTS=results_url,
        COLDPRESS_DEAD_LETTER_QUEUE=queue.dead_url,
    )
    queue.send(question)
    assert queue.poll(handler, context()) == [question]
    model.put()
    assert queue.poll(handler, context()) == []
    assert len(answers()) == 1
    assert queue.dead() == []


def test_what_there_is_no_time_for_goes_back(queue, handler, context, question, answers, capsys):
    """With a second left, no message is begun."""
    queue.send(question, other(question))
    assert queue.poll(handler, context(milliseconds=1000)) == [question, other(question)]
    assert answers() == {}
    assert "request" not in capsys.readouterr().out


def _ordered(*bodies):
    return {
        "Records": [
            {
                "messageId": str(number),
                "body": body,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:1:q.fifo",
                "attributes": {"MessageGroupId": "one"},
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_a_message_that_would_end_too_late_is_not_begun(
    load_batch, context, question, store_model, local_root, scripted_s3, monkeypatch
):
    """The slowest message of the batch says how long another one may take."""
    passed = [0.0]
    clock = SimpleNamespace(monotonic=lambda: sum(passed))
    monkeypatch.setattr("coldpress_runtime.queues.worker.time", clock)
    scripted_s3.taken = [lambda request: (passed.append(20.0), _answered(request))]
    uri = store_model(local_root).put().live
    handler = load_batch(MODEL_URI=uri, COLDPRESS_RESULTS="s3://bucket/answers")
    answer = handler(_ordered(question, other(question)), context(milliseconds=30_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert scripted_s3.count(".json") == 1


def _answered(request):
    request.send_response(200)
    for name, value in (("ETag", '"a"'), ("Content-Length", "0")):
        request.send_header(name, value)
    request.end_headers()


def test_what_is_settled_of_a_group_does_not_go_back(
    load_batch, context, question, store_model, local_root, scripted_s3
):
    """Where the store holds up the second message of a group, the first one is done."""
    held = threading.Event()
    scripted_s3.taken = [b"", lambda request: (held.wait(), _answered(request))]
    uri = store_model(local_root).put().live
    handler = load_batch(MODEL_URI=uri, COLDPRESS_RESULTS="s3://bucket/answers")
    answer = handler(_ordered(question, other(question)), context(milliseconds=2000))
    held.set()
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_another_version_may_come_yet(queue, handler, context, question):
    """A version that the channel has not brought yet is none that can't be answered."""
    queue.send(question, path=f"/v2/models/breast-cancer/versions/{'0' * 64}/infer")
    assert queue.poll(handler, context()) == [question]
    assert queue.dead() == []


def test_a_store_that_hangs_does_not_take_the_batch_along(
    load_batch, context, question, store_model, local_root, scripted_s3
):
    """What is not done a second before the end is given back in time."""
    scripted_s3.gate.clear()
    uri = store_model(local_root).put().live
    handler = load_batch(MODEL_URI=uri, COLDPRESS_RESULTS="s3://bucket/answers")
    record = {"messageId": "1", "body": question, "eventSource": "aws:sqs"}
    answer = handler({"Records": [record]}, context(milliseconds=1500))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_an_answer_that_is_not_kept_is_none(
    load_batch, context, question, store_model, local_root, scripted_s3, logged
):
    """Where the store takes no answer, the message goes back, and the log has the cause."""
    scripted_s3.taken = [403]
    uri = store_model(local_root).put().live
    handler = load_batch(MODEL_URI=uri, COLDPRESS_RESULTS="s3://bucket/answers")
    record = {"messageId": "1", "body": question, "eventSource": "aws:sqs"}
    assert handler({"Records": [record]}, context())["batchItemFailures"]
    ((code, message),) = logged()
    assert code == "result_denied"
    assert "the answer is not kept" in message


def test_the_order_of_a_fifo_queue_is_kept(
    make_queue, load_batch, context, question, model, results_url, answers
):
    """Behind a message that goes back, its group goes back, too, and no other group."""
    queue = make_queue(fifo=True)
    handler = load_batch(MODEL_URI=model.live, COLDPRESS_RESULTS=results_url)
    queue.send("{", question, group="one")
    queue.send(other(question), group="two")
    event = queue.receive()
    bodies = {each["messageId"]: each["body"] for each in event["Records"]}
    answer = handler(event, context())
    back = [bodies[item["itemIdentifier"]] for item in answer["batchItemFailures"]]
    assert back == ["{", question]
    assert [document["id"] for document in answers().values()] == ["question-2"]


def test_a_fifo_queues_poison_does_not_stop_its_group(
    make_queue, load_batch, context, question, model, results_url, answers
):
    """What is put aside is out of the way: the messages behind it are answered."""
    queue = make_queue(fifo=True)
    handler = load_batch(
        MODEL_URI=model.live,
        COLDPRESS_RESULTS=results_url,
        COLDPRESS_DEAD_LETTER_QUEUE=queue.dead_url,
    )
    queue.send("{", question, group="one")
    assert queue.poll(handler, context()) == []
    assert [body for body, _ in queue.dead()] == ["{"]
    assert len(answers()) == 1


@pytest.mark.parametrize("missing", ["MODEL_URI", "COLDPRESS_RESULTS"])
def test_wrong_settings_lose_nothing(
    queue, load_batch, context, question, model, results_url, logged, missing
):
    """Every message goes back, and the log names the variable."""
    settings = {"MODEL_URI": model.live, "COLDPRESS_RESULTS": results_url, missing: ""}
    handler = load_batch(**settings)
    queue.send(question)
    assert queue.poll(handler, context()) == [question]
    ((code, message),) = logged()
    assert code == "configuration"
    assert missing in message


ELSEWHERE = {
    "Kafka": {"eventSource": "aws:kafka", "records": {"topic-0": [{"value": "e30="}]}},
    "MQ": {"eventSource": "aws:mq", "messages": [{"data": "e30="}]},
    "a pipe": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}],
}


@pytest.mark.parametrize("event", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_the_other_function_takes_nothing_for_done(load_predict, context, model, event):
    """Whatever delivers in batches is told that its batch was not read."""
    with pytest.raises(NotARequest):
        load_predict(MODEL_URI=model.live).handler(event, context())


NOT_OURS = {
    "another source": {"Records": [{"eventSource": "aws:s3", "messageId": "1"}]},
    "no records": {"Records": []},
    "a request": {"inputs": []},
    "nothing": None,
    "no id": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
}


@pytest.mark.parametrize("event", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_is_no_batch_is_an_error(handler, context, event):
    """The invocation fails, so that whoever sent it knows, and sends it again."""
    with pytest.raises(NotARequest):
        handler(event, context())


def test_the_other_function_gives_messages_back(queue, load_predict, context, question, model):
    """A queue that is tied to predict.handler by mistake keeps its messages."""
    queue.send(question)
    with pytest.raises(NotARequest, match=r"batch\.handler"):
        load_predict(MODEL_URI=model.live).handler(queue.receive(), context())


def test_the_sample_event_is_answered(
    load_batch, sample_event, context, model, results_url, answers
):
    """The file of events/ is answered as the docs say: two messages, two protocols."""
    handler = load_batch(MODEL_URI=model.live, COLDPRESS_RESULTS=results_url)
    assert handler(sample_event("sqs-infer"), context()) == {"batchItemFailures": []}
    assert sorted(min(document) for document in answers().values()) == ["model_name", "predictions"]


def test_many_messages_side_by_side(queue, handler, context, question, answers):
    """Each of a batch has its own answer."""
    queue.send(*(other(question, number) for number in range(10)))
    assert queue.poll(handler, context()) == []
    found = sorted(document["id"] for document in answers().values())
    assert found == [f"question-{number}" for number in range(10)]
