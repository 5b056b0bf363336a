import json
from datetime import datetime

import pytest

ANSWER_EVENTS = """
import json
import predict

class Context:
    def __init__(self, number):
        self.aws_request_id = f"request-{number}"

    def get_remaining_time_in_millis(self):
        return 10_000

for number, event in enumerate(json.loads(EVENTS)):
    predict.handler(event, Context(number))
"""


@pytest.fixture
def printed(run_python):
    """Has a process answer events, and gives its log lines and its metrics."""

    def answer(uri, *events, **environment):
        code = f"EVENTS = {json.dumps(events)!r}\n{ANSWER_EVENTS}"
        lines = [json.loads(line) for line in run_python(code, MODEL_URI=uri, **environment)]
        return (
            [line for line in lines if "level" in line],
            [line for line in lines if "_aws" in line],
        )

    return answer


@pytest.fixture
def stored(store_model, local_root):
    """The classifier in a directory."""
    return store_model(local_root).put()


def _metrics(line):
    names = {metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert all(type(line[name]) in (int, float) for name in names)
    return names


def test_each_request_is_one_log_line(printed, stored, sample_event):
    """A request's line has what a search needs, and no body."""
    logged, _ = printed(
        stored.live,
        sample_event("http-infer"),
        sample_event("http-infer-wrong-shape"),
        POWERTOOLS_METRICS_DISABLED="true",
    )
    first, second = logged
    assert first.pop("latency_ms") > 0
    assert datetime.fromisoformat(first.pop("timestamp")).tzinfo is not None
    assert first == {
        "level": "INFO",
        "message": "request",
        "service": "service_undefined",
        "function_request_id": "request-0",
        "method": "POST",
        "path": "/v2/models/breast-cancer/infer",
        "status": 200,
        "request_bytes": 578,
        "response_bytes": 312,
        "cold_start": True,
        "model": "breast-cancer",
        "model_version": stored.uri.digest,
    }
    assert (second["status"], second["cold_start"]) == (400, False)
    assert second["error"] == "input 'input' must have shape [-1, 30], not [1, 29]"
    assert "13.54" not in json.dumps(logged)


def test_each_request_is_counted(printed, stored, sample_event):
    """Latency and status class are counted each time, cold start and loading once."""
    _, metrics = printed(
        stored.live, sample_event("rest-infer"), sample_event("http-infer-wrong-shape")
    )
    assert [_metrics(line) for line in metrics] == [
        {"Latency", "Status2xx", "ColdStart", "ModelLoadTime"},
        {"Latency", "Status4xx"},
    ]
    assert metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Coldpress"
    assert metrics[0]["ColdStart"] == 1


def test_powertools_variables_are_heeded(printed, stored, sample_event):
    """Service, namespace and log level come from Powertools' own variables."""
    logged, metrics = printed(
        stored.live,
        sample_event("http-live"),
        POWERTOOLS_SERVICE_NAME="shop",
        POWERTOOLS_METRICS_NAMESPACE="Shop",
        POWERTOOLS_LOG_LEVEL="WARNING",
    )
    assert logged == []
    assert metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"
    assert metrics[0]["service"] == "shop"


def test_metrics_can_be_switched_off(printed, stored, sample_event):
    """With metrics disabled there are none, and requests are still logged."""
    logged, metrics = printed(
        stored.live, sample_event("http-live"), POWERTOOLS_METRICS_DISABLED="true"
    )
    assert len(logged) == 1
    assert metrics == []


def test_a_request_is_one_line_that_is_both(printed, stored, sample_event):
    """With logs and metrics on, one line is read as a log line and as metrics."""
    logged, metrics = printed(stored.live, sample_event("http-live"))
    assert len(logged) == 1
    assert logged == metrics


def test_request_lines_can_be_switched_off(printed, stored, sample_event):
    """Without a line for each request, its metrics are still written."""
    event = sample_event("http-infer")
    logged, metrics = printed(stored.live, event, COLDPRESS_LOG_REQUESTS="off")
    assert logged == []
    assert _metrics(metrics[0]) == {"Latency", "Status2xx", "ColdStart", "ModelLoadTime"}


def test_nothing_is_written_if_nothing_is_wanted(printed, stored, sample_event):
    """With neither logs nor metrics, a request leaves no line."""
    off = {"COLDPRESS_LOG_REQUESTS": "off", "POWERTOOLS_METRICS_DISABLED": "true"}
    assert printed(stored.live, sample_event("http-live"), **off) == ([], [])


def test_a_failure_is_logged_with_its_cause(printed, store_model, local_root, sample_event):
    """A model that can't be fetched is logged in INIT and with the request: code and traceback."""
    stored = store_model(local_root).put(only=[])
    logged, metrics = printed(stored.live, sample_event("http-infer"))
    init, failed, request = logged
    assert init["message"].startswith("no model after INIT: ")
    assert (init["level"], init["function_request_id"]) == ("ERROR", "")
    assert (failed["error_code"], failed["function_request_id"]) == ("not_found", "request-0")
    assert "breast-cancer/channels/live.json is not in the store" in failed["exception"]
    assert request["status"] == 503
    assert "model" not in request
    assert {"Status5xx", "ColdStart"} < _metrics(metrics[0])
    assert "ModelLoadTime" not in _metrics(metrics[0])
