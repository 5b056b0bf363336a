import json

import pytest

HOOKS_BY_HAND = """
import json
import sys
if BLOCKED:
    sys.modules["snapshot_restore_py"] = None
import predict
print(json.dumps({"imported": "snapshot_restore_py" in sys.modules}))

def call(hooks):
    for function, args, kwargs in hooks:
        function(*args, **kwargs)

if not BLOCKED:
    from snapshot_restore_py import get_after_restore, get_before_snapshot
    print(json.dumps({"hooks": [len(get_before_snapshot()), len(get_after_restore())]}))
    call(get_before_snapshot())
    for _ in range(2):
        predict.handler(json.loads(EVENT), None)
        call(get_after_restore())
predict.handler(json.loads(EVENT), None)
"""


@pytest.fixture
def told(run_python, sample_event):
    """Runs the hooks by hand around requests; gives what was printed."""

    def run(uri, *, kind="snap-start", blocked=False):
        event = json.dumps(sample_event("http-infer"))
        code = f"EVENT = {event!r}\nBLOCKED = {blocked}\n{HOOKS_BY_HAND}"
        lines = run_python(code, MODEL_URI=uri, AWS_LAMBDA_INITIALIZATION_TYPE=kind)
        return [json.loads(line) for line in lines]

    return run


def test_the_snapshot_holds_the_model_and_a_restore_starts_over(told, uri):
    """Each request after a restore is a cold start, and its model was loaded long before."""
    imported, hooks, *requests = told(uri)
    assert imported == {"imported": True}
    assert hooks == {"hooks": [1, 1]}
    assert [request["status"] for request in requests] == [200, 200, 200]
    assert [request["cold_start"] for request in requests] == [True, True, True]
    assert ["ModelLoadTime" in request for request in requests] == [True, False, False]


def test_a_function_without_the_hooks_package_answers(told, uri):
    """Where the runtime has no hooks, the function starts and answers as ever."""
    _, request = told(uri, blocked=True)
    assert (request["status"], request["cold_start"]) == (200, True)


def test_hooks_are_for_snap_start_only(told, uri):
    """On demand nothing is registered, and the hooks' package is not imported."""
    imported, hooks, *_ = told(uri, kind="on-demand")
    assert imported == {"imported": False}
    assert hooks == {"hooks": [0, 0]}


def test_a_snapshot_without_its_model_is_refused(run_python, store_model, local_root):
    """A model that can't be loaded fails the snapshot, and so the deployment."""
    code = """
import predict
from snapshot_restore_py import get_before_snapshot
(function, args, kwargs), = get_before_snapshot()
try:
    function(*args, **kwargs)
except predict.ModelUnavailable as error:
    print(error.code)
"""
    missing = store_model(local_root).put(only=[]).live
    lines = run_python(code, MODEL_URI=missing, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert lines[-1] == "not_found"


COUNT_RUNS = """
from coldpress_runtime.session import ModelSession
runs = []
run = ModelSession.run
ModelSession.run = lambda self, tensors: runs.append(tensors) or run(self, tensors)
import predict
print(len(runs))
if HOOKS:
    from snapshot_restore_py import get_before_snapshot
    for function, args, kwargs in get_before_snapshot():
        function(*args, **kwargs)
    print(len(runs))
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("on-demand", ["0"]), ("provisioned-concurrency", ["1"]), ("snap-start", ["0", "1"])],
)
def test_a_model_is_warmed_where_nobody_waits(run_python, uri, kind, expected):
    """Ahead of requests the model has answered once; on demand the first caller need not wait."""
    code = f"HOOKS = {kind == 'snap-start'}\n{COUNT_RUNS}"
    environment = {"MODEL_URI": uri, "AWS_LAMBDA_INITIALIZATION_TYPE": kind}
    assert run_python(code, **environment) == expected


def test_a_model_too_wide_to_rehearse_is_ready_all_the_same(run_python, uri):
    """Where one row is larger than a request may be, nothing is asked, and INIT ends well."""
    environment = {
        "MODEL_URI": uri,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency",
        "COLDPRESS_MAX_BODY_BYTES": "59",
    }
    assert run_python(f"HOOKS = False\n{COUNT_RUNS}", **environment) == ["0"]


def test_a_slow_store_is_waited_for_ahead_of_requests(run_python, uri):
    """With provisioned concurrency the model is loaded however short INIT's own patience is."""
    code = "import predict; print(len(predict._models.loaded) == 1)"
    environment = {
        "MODEL_URI": uri,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency",
        "COLDPRESS_INIT_SECONDS": "1",
    }
    assert run_python(code, **environment) == ["True"]
