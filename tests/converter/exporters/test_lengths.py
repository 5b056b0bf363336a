"""The sample at other lengths."""

import numpy as np
import pytest

from coldpress.exporters._lengths import length_probes
from coldpress_runtime.artifact import TensorSpec

WORDS = TensorSpec(name="words", datatype="INT64", shape=(-1, -1))
STEPS = TensorSpec(name="steps", datatype="FP32", shape=(-1, -1, 3))
FIXED = TensorSpec(name="fixed", datatype="FP32", shape=(-1, 4))
TENSORS = {
    "words": np.arange(60).reshape(20, 3),
    "steps": np.arange(180, dtype=np.float32).reshape(20, 3, 3),
    "fixed": np.zeros((20, 4), np.float32),
}


def probes(*specs):
    """The probes for some inputs, and the tensors themselves as the original's answer."""
    return length_probes(specs, {spec.name: TENSORS[spec.name] for spec in specs}, dict)


def test_nothing_free_needs_no_lengths():
    """Rows alone are free: batches of several sizes are asked for elsewhere."""
    assert probes(FIXED) == ()


def test_rows_are_cut_and_repeated():
    """A few rows come at one step, at half the steps, at one more, and at twice as many."""
    found = probes(WORDS, FIXED)
    assert [probe.name for probe in found] == [f"lengths ({n})" for n in (1, 2, 4, 7)]
    assert all(probe.binding and probe.count == 8 for probe in found)
    assert found[2].tensors["words"][1].tolist() == [3, 4, 5, 3]
    assert found[2].tensors["fixed"].shape == (8, 4)
    assert found[2].original(slice(1, 2))["words"].tolist() == [[3, 4, 5, 3]]


@pytest.mark.parametrize("length", [1, 2])
def test_lengths_of_the_sample_are_left_out(length):
    """The sample itself has its own length already."""
    tensors = {"words": TENSORS["words"][:, :length]}
    lengths = [probe.tensors["words"].shape[1] for probe in length_probes([WORDS], tensors, dict)]
    assert len(set(lengths)) == len(lengths)
    assert length not in lengths


def test_axes_change_together_and_then_apart():
    """Inputs of the same length keep to one another, and have lengths of their own at last."""
    *together, apart = probes(WORDS, STEPS)
    for probe in together:
        assert probe.tensors["words"].shape[1] == probe.tensors["steps"].shape[1]
    assert apart.name == "lengths (4, 5)"
    assert [apart.tensors[name].shape[1] for name in ("words", "steps")] == [4, 5]
