"""Measuring for real: the function's own modules with a small bundle, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coldpress.errors import BundleError, UsageError
from coldpress.planning.measurement import TIMES, Measurement, Spread
from coldpress.planning.measuring import cores, measure
from coldpress_runtime.artifact import Signature, TensorSpec

MEBIBYTE = 1024**2


def measured(bundle, **options):
    """What one round measures."""
    return measure(bundle, **{"rounds": 1, "progress": lambda _: None, **options})


@pytest.fixture
def one_core():
    """This process may use but one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


def test_a_bundle_is_measured(make_bundle):
    """Each step has a time, and memory is what an interpreter with onnxruntime holds."""
    told = []
    found = measured(make_bundle(), rounds=2, progress=told.append)
    assert (found.requests, found.whole, found.settings) == ("golden examples", True, ())
    assert found.architecture in {"x86_64", "arm64"}
    assert told[0] == "Measuring: a first start, which is not counted"
    assert told[1] == "Measuring, round 1 of 2, 1 thread"
    for threads, each in found.by_threads.items():
        assert (each.threads, each.rounds) == (threads, 2)
        assert each.calls >= 5
        assert min(getattr(each, name).low for name in TIMES) > 0
        assert each.run.low <= each.request.high
        assert each.request.low <= each.request_p95.high
        assert 20 * MEBIBYTE < each.loaded_bytes <= each.peak_bytes < 1000 * MEBIBYTE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to cores")
@pytest.mark.usefixtures("one_core")
def test_one_core_measures_one_thread(make_bundle):
    """On a machine of one core, two threads are not measured."""
    found = measured(make_bundle())
    assert (cores(), list(found.by_threads)) == (1, [1])
    assert found.machine.endswith("1 core")


@pytest.mark.skipif(cores() < 2, reason="takes two cores")
def test_two_cores_measure_two_threads(make_bundle):
    """Elsewhere one thread and two are."""
    assert list(measured(make_bundle()).by_threads) == [1, 2]


def test_without_golden_examples_zeros_are_asked(churn_bundle):
    """A bundle without examples is asked a row of zeros, made from its signature."""
    found = measured(churn_bundle)
    assert (found.requests, found.whole) == ("zeros", True)


def test_framed_weights_are_fetched_anew(framed_bundle, monkeypatch):
    """Each process finds an empty place for weights, and leaves nothing once all is measured."""
    found, run = [], subprocess.run

    def watched(command, **options):
        scratch = Path(options["env"]["COLDPRESS_SCRATCH"])
        before = [*scratch.iterdir()]
        done = run(command, **options)
        found.append((before, [*scratch.rglob("weights.bin")], scratch))
        return done

    monkeypatch.setattr(subprocess, "run", watched)
    measured(framed_bundle)
    assert len(found) == 1 + min(cores(), 2)
    for before, after, scratch in found:
        assert (before, len(after)) == ([], 1)
        assert not scratch.exists()


@pytest.mark.parametrize(
    ("examples", "requests"), [(True, "golden examples"), (False, "zeros")], ids=["golden", "zeros"]
)
def test_a_row_too_large_for_a_body(make_bundle, churn_bundle, examples, requests):
    """A row that no body has room for, by the function's own limit, is run by the session alone."""
    own = {**os.environ, "COLDPRESS_MAX_BODY_BYTES": "20"}
    found = measured(make_bundle() if examples else churn_bundle, own=own)
    assert (found.requests, found.whole) == (requests, False)
    assert found.by_threads[1].request == found.by_threads[1].run


def test_the_bundle_is_left_as_it_is(make_bundle):
    """Measuring writes nothing into the bundle."""
    bundle = make_bundle()
    before = {path.name: path.stat().st_mtime_ns for path in bundle.path.iterdir()}
    measured(bundle)
    assert {path.name: path.stat().st_mtime_ns for path in bundle.path.iterdir()} == before


def test_settings_are_taken_over(make_bundle):
    """What changes how a model is opened is measured as it is set, and told."""
    own = {**os.environ, "COLDPRESS_PREPACKING": "on", "COLDPRESS_THREADS": "7"}
    found = measured(make_bundle(), own=own)
    assert found.settings == ("COLDPRESS_PREPACKING=on",)
    assert found.by_threads[1].threads == 1


def test_a_setting_that_is_none(make_bundle):
    """A setting that the function could not read is misuse, told before anything is timed."""
    own = {**os.environ, "COLDPRESS_PREPACKING": "perhaps"}
    with pytest.raises(UsageError, match="COLDPRESS_PREPACKING must be"):
        measured(make_bundle(), own=own)


def test_no_secrets_reach_the_model(make_bundle):
    """Credentials of this environment are not in that of the processes, and are not needed."""
    own = {**os.environ, "AWS_ENDPOINT_URL": "not a url", "AWS_ACCESS_KEY_ID": "secret"}
    assert measured(make_bundle(), own=own).whole


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param([1.0, 2.0, 3.0], "must have shape", id="shape"),
        pytest.param(["a", "b"], "the function says", id="kind"),
    ],
)
def test_examples_that_the_model_refuses(make_bundle, values, message):
    """A bundle that can't answer its own examples is refused with what the function says."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, len(values)], "data": values}
    example = {"request": {"inputs": [tensor]}, "response": {"outputs": []}}
    with pytest.raises(BundleError) as caught:
        measured(make_bundle(examples=(example,)))
    assert message in str(caught.value)
    assert "its golden examples" in str(caught.value)


def test_a_model_that_can_not_be_opened(make_bundle, swapped_signature):
    """A manifest that promises another input than the graph has is refused."""
    with pytest.raises(BundleError, match="the model's inputs or outputs are not these"):
        measured(make_bundle(name="other", signature=swapped_signature))


def test_a_process_that_dies(make_bundle, tmp_path):
    """A process that ends without a report is told with its last words."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "orjson.py").write_text("raise SystemExit('no orjson')", "utf-8")
    own = {**os.environ, "PYTHONPATH": f"{tmp_path / 'broken'}:{os.environ.get('PYTHONPATH', '')}"}
    with pytest.raises(BundleError, match=r"ended with status 1, and last said: no orjson"):
        measured(make_bundle(), own=own)


def test_rounds_are_put_together():
    """Times are medians with their ends; calls are the fewest, and memory is the most."""
    reports = [
        {
            "threads": 2, "calls": 300 - number, "loaded_bytes": number, "peak_bytes": 10 * number,
            **dict.fromkeys(TIMES, float(number)),
        }
        for number in (3, 1, 2)
    ]  # fmt: skip
    found = Measurement.of(reports)
    assert found.open == Spread(median=2.0, low=1.0, high=3.0)
    assert (found.threads, found.rounds, found.calls) == (2, 3, 297)
    assert (found.loaded_bytes, found.peak_bytes) == (3, 30)


@pytest.fixture
def swapped_signature():
    """A signature with an input that the model has not."""
    z = TensorSpec(name="z", datatype="FP32", shape=(-1, 2))
    return Signature(inputs=(z,), outputs=(z,))
