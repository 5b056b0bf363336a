"""Pickles: refused unread, and read for those who trust them."""

import io
import os
import pickle
import re
import subprocess
import sys

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError
from coldpress.load import load_model

ROWS = np.random.default_rng(0).normal(size=(40, 3))
MODEL = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, ROWS[:, 0] > 0)


class Attack:
    """An object whose pickle runs a command when it is read."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def dumped(value, compress=0):
    """A value as joblib writes it."""
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle", ".PKL"])
def test_reads_what_is_trusted(tmp_path, suffix):
    """A trusted estimator comes back alive, with the file's digest."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(dumped(MODEL))
    trained = load_model(path, trust=True)
    assert trained.framework == "scikit-learn"
    assert trained.format == suffix[1:].lower()
    assert len(trained.sha256) == 64
    assert (trained.model.predict(ROWS) == MODEL.predict(ROWS)).all()


@pytest.mark.parametrize("protocol", range(6))
def test_refusal_runs_nothing(tmp_path, protocol):
    """A hostile pickle is refused with its digest and what it names, and nothing of it runs."""
    proof = tmp_path / "ran"
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([MODEL, Attack(f"touch {proof}")], protocol=protocol))
    with pytest.raises(TrustError) as caught:
        load_model(path)
    assert not proof.exists()
    assert caught.value.complete
    assert "posix.system" in caught.value.names
    assert caught.value.sha256 in str(caught.value)
    # What is not of the usual packages stands where it is read first.
    assert "it names posix.system, " in str(caught.value)
    assert "--trust" in str(caught.value)


def test_attack_is_real(tmp_path):
    """The same pickle does run its command in a plain unpickler: the refusal stops something."""
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    attack = pickle.dumps(Attack(f"touch {tmp_path / 'ran'}"))
    subprocess.run([sys.executable, "-c", code], input=attack, check=True)
    assert (tmp_path / "ran").exists()


def test_refusal_lists_a_usual_pipeline_whole(tmp_path):
    """Every global of a pipeline over a table stands in the refusal, grouped by its module."""
    table = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "city": list("xyxy")})
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("n", numbers, ["size"]), ("w", OneHotEncoder(), ["city"])])
    path = tmp_path / "model.joblib"
    path.write_bytes(
        dumped(make_pipeline(columns, RandomForestClassifier(3)).fit(table, [0, 1] * 2))
    )
    with pytest.raises(TrustError, match="it names ") as caught:
        load_model(path)
    assert spelled(str(caught.value)) == set(caught.value.names)
    assert len(caught.value.names) > 12
    assert "numpy.{dtype, " in str(caught.value)


def test_refusal_of_very_many_names_is_bounded(tmp_path):
    """A crafted pickle can't flood the message; the error has all of its names."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"".join(b"cm%03d\n%s\n" % (i, b"x" * 500) for i in range(300)) + b".")
    with pytest.raises(TrustError, match="and 200 more") as caught:
        load_model(path)
    assert len(caught.value.names) == 300
    assert len(str(caught.value)) < 10_000


def spelled(message):
    """The globals that a refusal lists, each by its whole name."""
    listed = re.search(r"it names (.*?)(?:; the search.*)?\)$", message)[1]
    names = set()
    for module, group, single in re.findall(r"([\w.]+)\.(?:\{([^}]*)\}|(\w+))", listed):
        names |= {f"{module}.{name}" for name in (group.split(", ") if group else [single])}
    return names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\x80\x04junk", "is damaged, or no pickle", id="junk"),
        pytest.param(dumped(MODEL)[:900], "is damaged, or no pickle", id="truncated"),
        pytest.param(pickle.dumps({"a": 1}), "holds a builtins.dict, which is no model", id="dict"),
        pytest.param(pickle.dumps(StandardScaler), "holds a builtins.type", id="class"),
        pytest.param(b"cos\ngetenv\n)R.", "TypeError", id="failing-code"),
        pytest.param(
            b"cos\n_Environ.__getitem__\n.", "can't be read as a .pkl file", id="no-such-name"
        ),
        pytest.param(b"cgone_module\nThing\n.", "needs the module 'gone_module'", id="no-module"),
        pytest.param(b"c__main__\nMine\n.", "a module of its own", id="class-of-a-script"),
    ],
)
def test_bad_files_are_explained(tmp_path, content, said):
    """A trusted file that is no estimator gets one sentence."""
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    with pytest.raises(LoadError) as caught:
        load_model(path, trust=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_version_says_what_to_install(tmp_path):
    """A pickle of another scikit-learn is refused with the line that installs it."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(MODEL).replace(b"1.9.1", b"1.2.3"))
    with pytest.raises(LoadError, match=r"pip install scikit-learn==1\.2\.3"):
        load_model(path, trust=True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("model.h6", "a model is a file ending in .skops, .joblib, .pkl", id="suffix"),
        pytest.param("gone.pkl", "can't read the model", id="missing"),
    ],
)
def test_misuse_is_explained(tmp_path, name, said):
    """A file of another kind, or none at all, is misuse."""
    with pytest.raises(UsageError, match=said):
        load_model(tmp_path / name)


@pytest.mark.parametrize("package", ["xgboost", "lightgbm", "catboost"])
def test_missing_frameworks_name_their_extra(tmp_path, monkeypatch, package):
    """A pickle of a framework that is not installed says which extra to install."""
    path = tmp_path / "model.pkl"
    path.write_bytes(f"c{package}.sklearn\nModel\n.".encode())
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.sklearn", raising=False)
    with pytest.raises(MissingExtraError, match=rf"pip install 'coldpress\[{package}\]'"):
        load_model(path, trust=True)


@pytest.mark.parametrize("write", [pickle.dumps, cloudpickle.dumps, dumped])
def test_boosters_and_their_pipelines_are_read(tmp_path, write):
    """A booster is its framework's, however pickled; a pipeline with one is scikit-learn's."""
    booster = XGBClassifier(n_estimators=2, max_depth=2).fit(ROWS, ROWS[:, 0] > 0)
    pipeline = make_pipeline(StandardScaler().fit(ROWS), booster)
    path = tmp_path / "model.pkl"
    for model, framework in [(booster, "xgboost"), (pipeline, "scikit-learn")]:
        path.write_bytes(write(model))
        trained = load_model(path, trust=True)
        assert trained.framework == framework
        assert (trained.model.predict(ROWS) == model.predict(ROWS)).all()
