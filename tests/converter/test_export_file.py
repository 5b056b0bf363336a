"""Files of every kind from disk through the worker to a certified bundle."""

import subprocess
import sys

import catboost
import joblib
import lightgbm
import numpy as np
import pytest
import safetensors.torch
import torch
import xgboost
from torch import nn

from coldpress.pipeline import ModelSource, export_file

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 3)).astype(np.float32)
CLASSES = (ROWS[:, 0] > 0).astype(int)
SMALL = {"n_estimators": 3, "max_depth": 2}
FOREST = lightgbm.LGBMClassifier(**SMALL, min_child_samples=2, verbose=-1)
CATS = {"iterations": 3, "verbose": 0, "allow_writing_files": False}
NETS = """
from torch import nn

def make():
    return nn.Linear(3, 2)
"""
# In a process of its own: TensorFlow takes a second to import, and warns of it.
SAVED = """
import sys
import tensorflow as tf

module = tf.Module()
spec = tf.TensorSpec((None, 3), tf.float32, name="x")
twice = tf.function(lambda x: {"doubled": x * 2.0}).get_concrete_function(spec)
less = tf.function(lambda x: {"lessened": x - 1.0}).get_concrete_function(spec)
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": twice, "less": less})
"""


@pytest.fixture
def sample(tmp_path):
    """A file of rows."""
    np.save(tmp_path / "rows.npy", ROWS)
    return tmp_path / "rows.npy"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(xgboost.XGBClassifier(**SMALL), "model.ubj", id="xgboost"),
        pytest.param(FOREST, "model.txt", id="lightgbm"),
        pytest.param(catboost.CatBoostClassifier(**CATS), "model.cbm", id="catboost"),
        pytest.param(FOREST, "model.pkl", id="lightgbm-pickle"),
        pytest.param(catboost.CatBoostClassifier(**CATS), "model.joblib", id="catboost-pickle"),
    ],
)
def test_boosters_become_bundles_from_their_files(tmp_path, sample, model, name):
    """What a booster's library writes, and a pickle of it, becomes a bundle that answers alike."""
    model.fit(ROWS, CLASSES)
    pickled = name.endswith((".pkl", ".joblib"))
    if pickled:
        joblib.dump(model, tmp_path / name)
    else:
        (model.booster_ if name.endswith(".txt") else model).save_model(tmp_path / name)
    source = ModelSource(model=tmp_path / name, trust=pickled)
    bundle = export_file(source, tmp_path / "bundle", sample=sample)
    assert bundle.manifest.certificate.passed


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_factories_become_bundles_with_their_weights(tmp_path, sample, monkeypatch, suffix):
    """A function of a module, and the file of its weights, become a bundle."""
    (tmp_path / "nets_of_ours.py").write_text(NETS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    state, weights = nn.Linear(3, 2).state_dict(), tmp_path / f"weights{suffix}"
    (safetensors.torch.save_file if suffix == ".safetensors" else torch.save)(state, weights)
    source = ModelSource(model="nets_of_ours:make", weights=weights, trust=True)
    bundle = export_file(source, tmp_path / "bundle", sample=sample)
    assert bundle.manifest.certificate.passed


def test_a_saved_model_becomes_a_bundle_of_the_signature_asked_for(tmp_path, sample):
    """Of several signatures the named one is exported."""
    saved = tmp_path / "saved"
    subprocess.run([sys.executable, "-c", SAVED, str(saved)], check=True, capture_output=True)
    source = ModelSource(model=saved, signature="less")
    bundle = export_file(source, tmp_path / "bundle", sample=sample)
    assert [spec.name for spec in bundle.manifest.signature.outputs] == ["lessened"]
    assert bundle.manifest.certificate.passed
