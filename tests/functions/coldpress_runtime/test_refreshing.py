"""Channels read again: what takes the place of the version before, and what does not."""

import json
import os
import threading

import numpy as np
import pytest
from onnx import helper

from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings
from coldpress_runtime.telemetry import Telemetry
from tests.functions.scripted import held, refuse

SCRIPTED = "s3://bucket/models"
ONE = np.ones(1, np.float32)


def examples(factor):
    """Golden examples of a model that multiplies by a factor."""
    x = {"name": "x", "datatype": "FP32", "shape": [1], "data": [2.0]}
    y = {"name": "y", "datatype": "FP32", "shape": [1], "data": [2.0 * factor]}
    pair = {"request": {"inputs": [x]}, "response": {"outputs": [y]}}
    return json.dumps({"schema_version": 1, "examples": [pair]}).encode()


@pytest.fixture
def version(store_model, multiplier):
    """Makes a version of a model that multiplies by a factor, for the scripted store."""

    def make(factor, **changes):
        changes = {"golden": examples(factor), "model": multiplier(factor), **changes}
        return store_model(SCRIPTED, name="churn", **changes)

    return make


@pytest.fixture
def first(version, scripted_s3):
    """The version that the channel points to at first, laid ready."""
    made = version(1)
    scripted_s3.lay(made)
    return made


@pytest.fixture
def holder(first):
    """The holder with the first version loaded, whose channel is old at once."""
    return _holder(first.live)


def _holder(uri, *, channel_seconds=0, **changes):
    settings = Settings.from_environment({**os.environ, "MODEL_URI": uri})
    settings = settings._replace(channel_seconds=channel_seconds, **changes)
    holder = ModelHolder(settings)
    holder.report_to(Telemetry(settings))
    holder.get()
    _settle()
    return holder


def _refreshing():
    return [thread for thread in threading.enumerate() if thread.name == "refresh"]


def _settle():
    """Wait for what reads a channel just now."""
    for thread in _refreshing():
        thread.join()


def _refreshed(holder):
    """What is served once the channel was read again."""
    holder.get()
    _settle()
    return holder.loaded[0]


def _factor(model):
    return model.session.run({"x": ONE})["y"].tolist()[0]


def _logged(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_moved_channel_is_followed(holder, scripted_s3, version, capsys):
    """The version that a channel points to by now takes the other's place, and that is told."""
    second = version(2)
    old = holder.loaded[0]
    scripted_s3.lay(second)
    assert _factor(_refreshed(holder)) == 2
    assert holder.loaded[0].version == second.uri.digest
    assert _factor(old) == 1
    (line,) = _logged(capsys)
    assert (line["level"], line["message"], line["model"]) == ("INFO", "model swapped", "churn")
    assert (line["previous_version"], line["model_version"]) == (old.version, second.uri.digest)


def test_a_channel_that_stays_costs_one_read(holder, scripted_s3, first, capsys):
    """Where the channel points to what is served, nothing else is read, and nothing is told."""
    before = len(scripted_s3.asked)
    model = holder.loaded[0]
    assert _refreshed(holder) is model
    assert [path.rsplit("/", 1)[1] for path in scripted_s3.asked[before:]] == ["live.json"]
    assert scripted_s3.count(first.blob_path) == 1
    assert _logged(capsys) == []


def test_a_young_channel_is_not_read(first, scripted_s3):
    """Until the pointer is old enough, no request reads it again."""
    holder = _holder(first.live, channel_seconds=3600)
    before = len(scripted_s3.asked)
    holder.get()
    assert _refreshing() == []
    assert len(scripted_s3.asked) == before


def test_after_a_restore_the_channel_is_old(first, scripted_s3):
    """Nobody knows how old a snapshot is, so that the next request reads the channel."""
    holder = _holder(first.live, channel_seconds=3600)
    holder.renew()
    _refreshed(holder)
    assert scripted_s3.count(first.channel_path) == 2


def test_a_pinned_model_is_never_read_again(first, scripted_s3):
    """A pinned model needs the store no more, however old it is."""
    holder = _holder(first.pinned)
    before = len(scripted_s3.asked)
    holder.renew()
    holder.get()
    assert _refreshing() == []
    assert len(scripted_s3.asked) == before


def test_requests_do_not_wait_for_a_new_version(holder, scripted_s3, version):
    """While a new version is on its way, the one before answers; one thread does the work."""
    second = version(2)
    scripted_s3.lay(second)
    scripted_s3.gate.clear()
    assert [_factor(holder.get(seconds=0)) for _ in range(50)] == [1] * 50
    assert len(_refreshing()) == 1
    scripted_s3.gate.set()
    _settle()
    assert _factor(holder.loaded[0]) == 2
    assert scripted_s3.count(second.blob_path) == 1


def _without(path):
    return lambda scripted_s3, new: scripted_s3.script(new, path(new), 404)


def _golden_path(new):
    return new.uri.blob_path("golden.json")


# What is wrong with the new version, as changes of it and of what the store answers; and the code.
REFUSED = {
    "altered": (
        {},
        lambda s3, new: s3.script(new, new.blob_path, new.stored[:-1] + b"?"),
        "swap_integrity",
    ),
    "no blob": ({}, _without(lambda new: new.blob_path), "swap_not_found"),
    "no manifest": ({}, _without(lambda new: new.uri.manifest_path), "swap_not_found"),
    "no examples": ({}, _without(_golden_path), "swap_not_found"),
    "denied": (
        {},
        lambda s3, new: s3.script(new, new.blob_path, refuse(403, "AccessDenied")),
        "swap_denied",
    ),
    "another answer": ({"golden": examples(3)}, None, "swap_golden"),
    "other examples": ({"golden": b"{}"}, None, "swap_golden"),
}


@pytest.mark.parametrize(
    ("changes", "script", "code"),
    REFUSED.values(),
    ids=REFUSED.keys(),
)
def test_a_version_that_does_not_hold_is_not_served(
    holder, scripted_s3, version, capsys, changes, script, code
):
    """A version that can't be had or proven is told once, tried again, and never answers."""
    new = version(2, **changes)
    scripted_s3.lay(new)
    if script:
        script(scripted_s3, new)
    old = holder.loaded[0]
    assert [_refreshed(holder) is old for _ in range(3)] == [True] * 3
    (line,) = _logged(capsys)
    assert (line["level"], line["error_code"]) == ("ERROR", code)
    assert new.uri.digest in line["message"]
    assert old.version in line["message"]
    third = version(3)
    scripted_s3.lay(third)
    assert _factor(_refreshed(holder)) == 3


def test_a_version_that_is_no_model_is_not_served(
    holder, scripted_s3, version, multiplier, store_model, capsys
):
    """Sound bytes that onnxruntime can't open don't take the place of those that it can."""
    signature = store_model(SCRIPTED, model=multiplier(1)).manifest.signature
    new = version(2, model=b"no model", signature=signature)
    scripted_s3.lay(new)
    assert _factor(_refreshed(holder)) == 1
    (line,) = _logged(capsys)
    assert line["error_code"] == "swap_artifact"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(404, "swap_not_found"), (403, "swap_denied"), (b"{", "swap_artifact"), (400, "swap_store")],
    ids=["gone", "denied", "broken", "refused"],
)
def test_a_channel_that_can_not_be_read_changes_nothing(
    holder, scripted_s3, first, capsys, answer, code
):
    """Without its channel, the last good version answers; that is told once, until it is cured."""
    scripted_s3.script(first, first.channel_path, answer)
    assert [_factor(_refreshed(holder)) for _ in range(3)] == [1] * 3
    (line,) = _logged(capsys)
    assert line["error_code"] == code
    assert "what channel 'churn@live'" in line["message"]
    scripted_s3.lay(first)
    _refreshed(holder)
    scripted_s3.script(first, first.channel_path, answer)
    _refreshed(holder)
    assert [line["error_code"] for line in _logged(capsys)] == [code]


def test_a_model_that_left_is_not_brought_back(first, scripted_s3, version, store_model):
    """A version that comes when its model has left the memory does not push in."""
    other = store_model(SCRIPTED)
    scripted_s3.lay(other)
    holder = _holder(f"{first.live} {other.pinned}", model_memory=1)
    second, go_on = version(2), threading.Event()
    scripted_s3.lay(second)
    scripted_s3.script(second, second.blob_path, held(second.stored, go_on), second.stored)
    holder.get("churn")
    assert (holder.get(other.uri.name),) == holder.loaded
    go_on.set()
    _settle()
    assert "churn" not in {model.manifest.name for model in holder.loaded}
    assert _factor(holder.get("churn")) == 2


def test_a_bundle_without_examples_is_swapped_too(holder, scripted_s3, version):
    """Where there is nothing to compare with, a version that opens is served."""
    scripted_s3.lay(version(2, golden=None))
    assert _factor(_refreshed(holder)) == 2


def test_zeros_that_a_model_can_not_take_are_no_reason(
    holder, scripted_s3, version, build_onnx, capsys
):
    """A model that zeros don't fit is served all the same."""
    model = build_onnx(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        {"x": ("FP32", [4]), "shape": ("INT64", [2])},
        {"y": ("FP32", [None, None])},
    )
    new = version(0, model=model, golden=None)
    scripted_s3.lay(new)
    assert _refreshed(holder).version == new.uri.digest
    assert [line["message"] for line in _logged(capsys)] == ["model swapped"]


def test_a_quiet_log_hears_of_no_swap(first, scripted_s3, version, capsys):
    """Where only warnings are wanted, a swap leaves no line."""
    holder = _holder(first.live, log_information=False)
    scripted_s3.lay(version(2))
    assert _factor(_refreshed(holder)) == 2
    assert _logged(capsys) == []
