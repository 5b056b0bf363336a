"""Files of every kind, cut off or with bytes changed at random: an error of ours, or a model."""

import io

import joblib
import keras
import lightgbm as lgb
import numpy as np
import pytest
import skops.io as sio
import torch
import xgboost as xgb
from catboost import CatBoostClassifier
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

from coldpress.errors import ColdpressError, LoadError
from coldpress.load import load_model

ROWS = np.random.default_rng(0).normal(size=(40, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)


def estimator():
    """A small classifier of scikit-learn."""
    return LogisticRegression().fit(ROWS, LABELS)


def network():
    """A small network of Keras."""
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def program(path):
    """Write a small program of PyTorch."""
    net = torch.nn.Linear(4, 2)
    torch.export.save(torch.export.export(net, (torch.zeros(2, 4),)), path)


def trees(path):
    """Write a small model of LightGBM."""
    lgb.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, LABELS).booster_.save_model(path)


def boosted(path):
    """Write a small model of CatBoost."""
    model = CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False)
    model.fit(ROWS, LABELS).save_model(str(path))


# Suffix → how such a file is written, and how many damaged ones are read: where each takes a
# process of its own to be opened in, fewer.
WRITERS = {
    ".joblib": (lambda path: joblib.dump(estimator(), path), 150),
    ".skops": (lambda path: sio.dump(estimator(), path), 80),
    ".keras": (lambda path: network().save(path), 80),
    ".h5": (lambda path: network().save(path), 150),
    ".pt2": (program, 150),
    ".pt": (lambda path: torch.save(torch.nn.Linear(4, 2).state_dict(), path), 150),
    ".ts": (lambda path: torch.jit.script(torch.nn.Linear(4, 2)).save(path), 150),
    ".txt": (trees, 3),
    ".ubj": (lambda path: xgb.XGBClassifier(n_estimators=2).fit(ROWS, LABELS).save_model(path), 3),
    ".cbm": (boosted, 3),
    ".onnx": (
        lambda path: path.write_bytes(to_onnx(estimator(), ROWS[:2]).SerializeToString()), 30,
    ),
}  # fmt: skip


def damaged(data, chance):
    """A file's bytes cut off, or with some of them changed."""
    if chance.random() < 0.3:
        return data[: chance.integers(1, len(data))]
    changed = bytearray(data)
    for _ in range(chance.choice([1, 2, 8])):
        changed[chance.integers(len(data))] = chance.integers(256)
    return bytes(changed)


def said(path):
    """What is said of a file that can't be read; nothing if it can."""
    try:
        load_model(path)
    except ColdpressError as error:
        return str(error)
    return ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", WRITERS)
def test_damaged_files_give_errors_of_ours(tmp_path, suffix):
    """Whatever the damage, reading the file gives a model or one sentence."""
    write, count = WRITERS[suffix]
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"damaged{suffix}"
    write(whole)
    chance = np.random.default_rng(list(suffix.encode()))
    for _ in range(count):
        path.write_bytes(damaged(whole.read_bytes(), chance))
        sentence = said(path)
        assert "\n" not in sentence
        assert "Stack trace" not in sentence


@pytest.mark.parametrize("length", [1, 30, 200, -2])
def test_cut_off_pickles_are_said_to_be_damaged(tmp_path, length):
    """A pickle that ends early is told as such, and not in the unpickler's words alone."""
    file = io.BytesIO()
    joblib.dump(estimator(), file)
    path = tmp_path / "m.joblib"
    path.write_bytes(file.getvalue()[:length])
    with pytest.raises(LoadError, match=r"is damaged, or no pickle .* save the model again"):
        load_model(path, trust=True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"R.", id="empty-stack"),
        pytest.param(b"h\x07.", id="unknown-memo"),
        pytest.param(b"\x80\x04J\x00", id="short-number"),
    ],
)
def test_nonsense_among_opcodes_is_said_to_be_damage(tmp_path, data):
    """So is one whose opcodes make no sense."""
    (tmp_path / "m.pkl").write_bytes(data)
    with pytest.raises(LoadError, match="is damaged, or no pickle"):
        load_model(tmp_path / "m.pkl", trust=True)


def test_a_number_of_thousands_of_digits_is_damage(tmp_path):
    """A size in LightGBM's table that no file can have is told as damage."""
    table = b"tree_sizes=" + b"9" * 5000
    path = tmp_path / "m.txt"
    path.write_bytes(b"tree\nversion=v4\n" + table + b"\n\nTree=0\nend of trees\n")
    with pytest.raises(LoadError, match="cut off, or was changed"):
        load_model(path)
