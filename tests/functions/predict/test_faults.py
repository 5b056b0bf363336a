import json
import re
import threading

import pytest
from onnx import TensorProto, helper


@pytest.fixture
def reshape_uri(store_model, build_onnx, local_root):
    """A model at which onnxruntime fails when its second input does not fit its first."""
    model = build_onnx(
        [
            helper.make_node("Cast", ["shape"], ["whole"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["x", "whole"], ["y"]),
        ],
        {"x": ("FP32", [4]), "shape": ("FP32", [2])},
        {"y": ("FP32", [None, None])},
    )
    return store_model(local_root, model=model).put().live


def _reshape_to(*shape):
    x = {"name": "x", "datatype": "FP32", "shape": [4], "data": [1, 2, 3, 4]}
    return {"inputs": [x, {"name": "shape", "datatype": "FP32", "shape": [2], "data": shape}]}


def test_a_store_without_the_model_is_503_until_it_is_there(
    load_predict, store_model, local_root, http, infer
):
    """Without a model the answer is 503 with Retry-After and no details; later it is served."""
    stored = store_model(local_root)
    predict = load_predict(MODEL_URI=stored.live)
    for event in (infer(), http("GET", "/v2/health/ready")):
        answer = predict.handler(event, None)
        assert answer["statusCode"] == 503
        assert answer["headers"]["retry-after"] == "5"
        assert json.loads(answer["body"]) == {
            "error": "the model is not available at the moment; try again later"
        }
    stored.put()
    assert predict.handler(infer(), None)["statusCode"] == 200


@pytest.mark.parametrize(
    "environment",
    [
        {"MODEL_URI": ""},
        {"MODEL_URI": "s3://bucket"},
        {"COLDPRESS_THREADS": "many"},
        {"COLDPRESS_INIT_SECONDS": "9" * 30},
    ],
    ids=["no model", "no model URI", "threads", "seconds"],
)
def test_wrong_settings_are_503(load_predict, uri, http, infer, environment):
    """With a setting that can't be read the function is live, not ready, and tells no details."""
    predict = load_predict(**{"MODEL_URI": uri, **environment})
    assert predict.handler(http("GET", "/v2/health/live"), None)["statusCode"] == 200
    answer = predict.handler(infer(), None)
    assert answer["statusCode"] == 503
    assert "not available at the moment" in answer["body"]


def test_a_model_still_on_its_way_is_503_in_time(
    load_predict, scripted_s3, store_model, infer, context
):
    """When the time is nearly over, the answer is 503 at once, and the fetch goes on."""
    stored = store_model("s3://bucket/models")
    scripted_s3.lay(stored)
    scripted_s3.gate.clear()
    predict = load_predict(MODEL_URI=stored.live, COLDPRESS_INIT_SECONDS="1")
    answer = predict.handler(infer(), context(milliseconds=100))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "1")
    scripted_s3.gate.set()
    assert predict.handler(infer(), context())["statusCode"] == 200
    assert scripted_s3.count(stored.blob_path) == 1


def test_a_failed_run_is_500_with_the_request_id(load_predict, reshape_uri, infer, context, read):
    """When onnxruntime fails, the caller gets the request id, and the next request its answer."""
    predict = load_predict(MODEL_URI=reshape_uri)
    status, document = read(predict.handler(infer(_reshape_to(3, 3)), context()))
    assert status == 500
    assert re.fullmatch(r"the prediction failed; .* under request id request-1", document["error"])
    assert read(predict.handler(infer(_reshape_to(2, 2)), context()))[0] == 200


def test_the_log_has_the_cause_of_a_500(load_predict, reshape_uri, infer, context, capsys):
    """A failed run's log line has the request id, a code, and what onnxruntime said."""
    predict = load_predict(MODEL_URI=reshape_uri)
    predict.handler(infer(_reshape_to(3, 3)), context())
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (failure,) = [line for line in logged if line.get("level") == "ERROR"]
    assert failure["function_request_id"] == "request-1"
    assert failure["error_code"] == "prediction_failed"
    assert "Reshape" in failure["exception"]


def test_the_log_has_the_cause_of_shapes_that_clash(
    load_predict, store_model, build_onnx, local_root, infer, read, capsys
):
    """What onnxruntime said of a wrong request stands in its log line, and not in the answer."""
    inputs = {name: ("FP32", [None, None]) for name in ("a", "b")}
    node = helper.make_node("Add", ["a", "b"], ["y"])
    model = build_onnx([node], inputs, {"y": ("FP32", [None, None])})
    predict = load_predict(MODEL_URI=store_model(local_root, model=model).put().live)
    tensors = [
        {"name": name, "datatype": "FP32", "shape": [1, size], "data": [0] * size}
        for name, size in [("a", 3), ("b", 4)]
    ]
    status, document = read(predict.handler(infer({"inputs": tensors}), None))
    assert (status, document) == (
        400, {"error": "the model can't take inputs of these shapes or values"},
    )  # fmt: skip
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "running Add node" in line["cause"]


def test_too_little_time_for_a_run_is_504(predict, infer, context, read):
    """A request that has less time than the model's slowest run is refused before it runs."""
    assert read(predict.handler(infer(), context()))[0] == 200
    status, document = read(predict.handler(infer(), context(milliseconds=0)))
    assert status == 504
    assert re.fullmatch(
        r"the model may take up to [\d.e-]+ s and 0 s are left; send fewer rows at once, "
        "or give the function a longer timeout",
        document["error"],
    )
    assert read(predict.handler(infer(), context()))[0] == 200


def test_without_a_clock_no_request_is_too_late(predict, infer, read):
    """Where nobody says how much time is left, the model is asked."""
    assert [read(predict.handler(infer(), None))[0] for _ in range(2)] == [200, 200]


def test_what_onnxruntime_refuses_does_not_close_the_session(
    load_predict, reshape_uri, infer, context, read
):
    """Threads whose requests fail and succeed side by side each get their own answer."""
    predict = load_predict(MODEL_URI=reshape_uri)
    found = []

    def ask(shape):
        for _ in range(10):
            status, _ = read(predict.handler(infer(_reshape_to(*shape)), context()))
            found.append((shape, status))

    threads = [threading.Thread(target=ask, args=(shape,)) for shape in [(3, 3), (2, 2)] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {((3, 3), 500), ((2, 2), 200)}
    assert len(found) == 80
