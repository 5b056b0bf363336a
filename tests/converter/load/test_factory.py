"""Factories: the reader's own code, with trust, and weights that fit or say why not."""

import os
import sys

import pytest
import safetensors.torch
import torch

from coldpress.errors import LoadError, TrustError, UsageError
from coldpress.load import Source, load_model

MODULE = """
from pathlib import Path
from sklearn.linear_model import LinearRegression
from torch import nn

Path(__file__).with_name("imported").touch()
READY = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])

def make():
    return nn.Sequential(nn.Linear(3, 2), nn.Dropout())

def tied():
    made = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    made[1].weight = made[0].weight
    return made

class Holder:
    make = staticmethod(make)

def number():
    return 3

def broken():
    raise ValueError("no such thing")
"""
STATE = {"0.weight": torch.ones(2, 3), "0.bias": torch.zeros(2)}


class Attack:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a module of factories, where Python looks."""
    (tmp_path / "own_nets.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_nets", raising=False)
    return tmp_path


def load(factory, weights=None):
    """A factory's model, with trust."""
    return load_model(Source(path=f"own_nets:{factory}", trust=True, weights=weights))


def test_code_is_not_imported_without_trust(folder):
    """Without trust nothing of the module runs, and what would is named."""
    with pytest.raises(TrustError, match="own_nets:make is Python code") as caught:
        load_model(Source(path="own_nets:make"))
    assert caught.value.names == ["own_nets.make"]
    assert not (folder / "imported").exists()


@pytest.mark.parametrize(
    ("factory", "framework"),
    [
        pytest.param("make", "torch", id="function"),
        pytest.param("Holder.make", "torch", id="within-a-class"),
        pytest.param("READY", "scikit-learn", id="a-model-itself"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_models_of_any_framework_are_taken(factory, framework):
    """Whatever a factory makes, or a module holds, is a live model; modules are in inference."""
    trained = load(factory)
    assert (trained.framework, trained.format, trained.sha256) == (framework, "factory", "")
    if framework == "torch":
        assert not trained.model.module.training


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".bin"])
def test_weights_are_put_in(folder, suffix):
    """A state dict's file fills the module, and its digest is told."""
    path = folder / f"weights{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(STATE, path)
    else:
        torch.save(STATE, path)
    trained = load("make", path)
    answer = trained.model.module(torch.ones(1, 3))
    assert answer.tolist() == [[3.0, 3.0]]
    assert len(trained.sha256) == 64


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param({"0.weight": torch.ones(2, 3)}, "it lacks '0.bias'", id="missing"),
        pytest.param({**STATE, "1.x": torch.ones(1)}, "it has beside it '1.x'", id="unexpected"),
        pytest.param({**STATE, "0.bias": torch.ones(5)}, "size mismatch", id="size"),
        pytest.param(
            {"module.0.weight": torch.ones(2, 3)}, "without the 'module.' before it", id="wrapped"
        ),
        pytest.param({"state": STATE}, "holds no plain state dict", id="checkpoint"),
        pytest.param([1, 2], "holds no plain state dict", id="list"),
    ],
)
def test_weights_that_do_not_fit_are_explained(folder, state, said):
    """What is missing, too much or of another size is named, in one sentence."""
    torch.save(state, folder / "weights.pt")
    with pytest.raises(LoadError) as caught:
        load("make", folder / "weights.pt")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tied_weights_are_kept_once(folder):
    """A tensor that two layers share stands once in a safetensors file, and both get it."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    module[1].weight = module[0].weight
    safetensors.torch.save_model(module, folder / "tied.safetensors")
    loaded = load("tied", folder / "tied.safetensors").model.module
    assert torch.equal(loaded(torch.ones(1, 2)), module(torch.ones(1, 2)))


def test_weights_never_run_code(folder):
    """Weights are read by an unpickler that knows tensors alone, whatever is trusted."""
    torch.save(Attack(folder / "ran"), folder / "weights.pt")
    with pytest.raises(LoadError, match="holds more than tensors"):
        load("make", folder / "weights.pt")
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        pytest.param("gone", "there is no 'gone' in own_nets", id="no-such-name"),
        pytest.param("Holder.gone", r"there is no 'gone' in own_nets:Holder", id="no-such-member"),
        pytest.param("number", "made a builtins.int", id="no-model"),
        pytest.param("broken", "failed: ValueError: no such thing", id="raises"),
        pytest.param("__name__", "is a str; name a function", id="no-function"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_factories_that_make_no_model_are_explained(factory, said):
    """Each gets one sentence."""
    with pytest.raises(LoadError, match=said):
        load(factory)


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        pytest.param({"path": "no_such_module:make"}, LoadError, "needs the module 'no_such_mod",
                     id="no-module"),
        pytest.param({"path": "own_nets:READY", "weights": "w.pt"}, UsageError,
                     "weights for a PyTorch module", id="weights-for-another"),
        pytest.param({"path": "own_nets:make", "weights": "w.txt"}, UsageError,
                     r"a file ending in \.safetensors", id="weights-of-another-kind"),
        pytest.param({"path": "own_nets:make", "weights": "gone.pt"}, UsageError, "can't read",
                     id="no-weights"),
        pytest.param({"path": "m.onnx", "weights": "w.pt"}, UsageError, "only with module:factory",
                     id="weights-for-a-file"),
        pytest.param({"path": "own_nets:make", "signature": "s"}, UsageError,
                     "only with a SavedModel", id="signature-for-a-factory"),
    ],
)  # fmt: skip
def test_misuse_is_explained(folder, source, error, said):
    """Options that have no meaning are told."""
    torch.save(STATE, folder / "w.pt")
    (folder / "w.txt").write_text("x", encoding="utf-8")
    weights = folder / source["weights"] if "weights" in source else None
    with pytest.raises(error, match=said):
        load_model(Source(**{**source, "trust": True, "weights": weights}))
