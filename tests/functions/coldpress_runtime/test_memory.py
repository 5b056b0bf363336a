"""Who leaves the memory, and what a model takes of it."""

import os
import sys

import numpy as np
import pytest
from onnx import helper

from coldpress_runtime.memory import estimate, make_room, open_within, resident_bytes
from coldpress_runtime.models import ModelHolder, Slot
from coldpress_runtime.settings import Settings

MEGABYTE = 1024**2


@pytest.fixture
def slots(store_model, multiplier, local_root):
    """Places of loaded models, each of which is said to take so many bytes."""

    def make(sizes):
        made = {}
        for order, (name, size) in enumerate(sizes.items()):
            stored = store_model(local_root, model=multiplier(order), name=name).put()
            settings = Settings.from_environment({**os.environ, "MODEL_URI": stored.pinned})
            slot = Slot(stored.uri)
            slot.model = ModelHolder(settings).get()
            slot.model.usage.memory_bytes = size
            slot.asked_at = order
            made[name] = slot
        return made

    return make


@pytest.mark.parametrize(
    ("sizes", "most", "stay"),
    [
        pytest.param({"a": 10, "b": 10, "c": 10}, 30, "abc", id="just fits"),
        pytest.param({"a": 10, "b": 10, "c": 10}, 29, "bc", id="oldest leaves"),
        pytest.param({"a": 1, "b": 50, "c": 10}, 20, "c", id="as many as must"),
        pytest.param({"a": 100, "b": 1}, 50, "b", id="one is enough"),
        pytest.param({"a": 1, "b": 1}, -5, "", id="no room at all"),
        pytest.param({}, 0, "", id="nobody there"),
    ],
)
def test_the_least_recently_used_leave(slots, sizes, most, stay):
    """Models leave in the order in which they were asked for last, and no more than must."""
    made = slots(sizes)
    make_room(most, made.values())
    assert "".join(name for name, slot in made.items() if slot.model) == stay


def test_to_be_asked_for_is_to_stay(slots):
    """Whoever was asked for again is not the next to leave."""
    made = slots({"a": 10, "b": 10})
    made["a"].asked_at = 99
    make_room(10, made.values())
    assert made["a"].model
    assert made["b"].model is None


def test_the_estimate_goes_by_the_manifest(store_model, store_large, local_root):
    """A graph counts four times, and weights that lie apart once."""
    small = store_model(local_root)
    assert estimate(small.manifest) == 4 * len(small.model)
    large = store_large(local_root, apart=True)
    settings = Settings.from_environment({**os.environ, "MODEL_URI": str(large.uri)})
    manifest = ModelHolder(settings).get().manifest
    graph = manifest.blob("model").unpacked_size
    assert estimate(manifest) == 4 * graph + len(large.data)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_what_a_model_takes_is_measured(store_model, build_onnx, local_root):
    """An open model counts with at least its file, and with no more than a few times that."""
    table = np.random.default_rng(3).normal(size=(8_000, 1_000)).astype(np.float32)
    model = build_onnx(
        [helper.make_node("Gather", ["table", "x"], ["y"])],
        {"x": ("INT64", [None])},
        {"y": ("FP32", [None, 1_000])},
        {"table": table},
    )
    stored = store_model(local_root, model=model, name="table").put()
    other = store_model(local_root).put()
    uris = f"{stored.pinned} {other.pinned}"
    holder = ModelHolder(Settings.from_environment({**os.environ, "MODEL_URI": uris}))
    taken = holder.get("table").usage.memory_bytes
    assert len(model) <= taken < 8 * len(model)


def test_a_version_that_is_replaced_stays_until_then(slots):
    """Room for a new version is made by the others: the one before still answers."""
    made = slots({"a": 10, "b": 10})
    new = made["a"].model
    opened = open_within(1, lambda: new, new.manifest, made["a"], made.values())
    assert opened is new
    assert made["a"].model is new
    assert made["b"].model is None


def test_this_process_holds_memory():
    """The system tells what a process holds, or that it does not know."""
    found = resident_bytes()
    assert found == 0 or 10 * MEGABYTE < found < 10**12
