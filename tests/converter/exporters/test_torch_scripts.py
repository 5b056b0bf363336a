"""TorchScript modules: with their branches, and with dictionaries taken apart."""

import numpy as np
import pytest
import torch
from torch import nn

from coldpress.errors import ExportError
from coldpress.exporters import attempts
from coldpress.load import model_of
from coldpress.sample import Sample
from tests.converter.exporters.test_torch import ROWS, Branching, exported, seeded

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning"),
]


def test_script_keeps_its_branches():
    """A branch on values, which a trace would lose, is kept by a script."""
    _, certificate = exported(torch.jit.script(Branching()), ROWS)
    assert certificate.passed
    _, certificate = exported(torch.jit.script(Branching()), ROWS - 9)
    assert certificate.passed
    (only,) = attempts(model_of(torch.jit.script(Branching())), Sample.of(ROWS))
    assert only.name == "TorchScript"


class Keyed(nn.Module):
    """Tensors by key, one of them in a tuple beside, and a branch on values."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 2)

    def forward(self, x, scale: torch.Tensor):
        """Answer with all of them."""
        inner = self.inner(x) * scale
        if inner.sum() > 0:
            inner = inner - 9
        return x, {"zeta": inner, "alpha": inner.argmax(1)}


class Collected(nn.Module):
    """A dictionary that is filled step by step."""

    def forward(self, x):
        """Fill it."""
        made: dict[str, torch.Tensor] = {}
        for turn in range(3):
            made[str(turn)] = x * turn
        return made


@pytest.mark.parametrize("shift", [0, 9], ids=["one-way", "the-other"])
def test_script_answers_by_key(shift):
    """A script's dictionary gives outputs by its keys, which answer fresh rows like the script."""
    script = torch.jit.script(seeded(Keyed).eval())
    found, certificate = exported(script, {"x": ROWS + shift, "scale": ROWS[:, :2]})
    assert certificate.passed
    session = found.model.open()
    assert [spec.name for spec in session.outputs] == ["output_0", "zeta", "alpha"]
    fresh = {"x": ROWS[::-1] * 2 - 1, "scale": ROWS[:, 2:]}
    _, held = script(**{name: torch.tensor(array.copy()) for name, array in fresh.items()})
    answer = session.run({name: array.copy() for name, array in fresh.items()})
    for name, tensor in held.items():
        np.testing.assert_allclose(answer[name], tensor.detach(), rtol=1e-4, atol=1e-5)


def test_script_that_fills_a_dictionary_is_refused():
    """What torch can't take apart is refused with what to write instead."""
    with pytest.raises(ExportError, match="dictionary that it gives in several steps") as caught:
        exported(torch.jit.script(Collected()), ROWS)
    assert "\n" not in str(caught.value)
