"""Pickles: refused unread, and read for those who trust them."""

import io
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress.errors import LoadError, TrustError, UsageError
from coldpress.load import load_model
from coldpress.load._globals import find_globals

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


@pytest.mark.parametrize(
    "compress",
    [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)],
    ids=["plain", "zlib", "gzip", "bz2", "lzma", "xz"],
)
def test_globals_behind_raw_arrays_are_found(compress):
    """The search goes on behind array data that stand between the opcodes, packed or not."""
    objects = np.array(["x", None, Attack("true")], dtype=object)
    record = np.zeros(3, dtype=[("a", "<f8"), ("b", "<i2")])
    found = find_globals(dumped([ROWS, record, objects, MODEL], compress))
    assert found.complete
    assert {"posix.system", "sklearn.pipeline.Pipeline", "numpy.dtype"} <= set(found.names)


GETATTR = b"\x80\x04cbuiltins\ngetattr\n(cos\nsystem\nVx\ntRVtrue\n\x85R."


@pytest.mark.parametrize(
    ("data", "names", "complete"),
    [
        pytest.param(b"cos\nsystem\n(S'true'\ntR.", {"os.system"}, True, id="text-opcodes"),
        pytest.param(b"(S'true'\nios\nsystem\n.", {"os.system"}, True, id="inst-opcode"),
        pytest.param(GETATTR, {"builtins.getattr", "os.system"}, True, id="called-result"),
        pytest.param(b"cos\nsystem\n(S'tr", {"os.system"}, False, id="truncated"),
        pytest.param(b"cos\nsystem\nJunk", {"os.system"}, False, id="junk-behind"),
        pytest.param(b"not a pickle", set(), False, id="no-pickle"),
        pytest.param(b"\x04\x22M\x18packed", set(), False, id="lz4"),
    ],
)
def test_search_says_whether_it_reached_the_end(data, names, complete):
    """What can be found is found, and an incomplete search says so."""
    found = find_globals(data)
    assert set(found.names) == names
    assert found.complete == complete


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\x80\x04junk", "can't be read as a .pkl file", id="junk"),
        pytest.param(dumped(MODEL)[:900], "can't be read as a .pkl file", id="truncated"),
        pytest.param(pickle.dumps({"a": 1}), "holds a builtins.dict", id="dict"),
        pytest.param(pickle.dumps(StandardScaler), "holds a builtins.type", id="class"),
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
        pytest.param("model.skops", "a model is a file ending in .joblib", id="suffix"),
        pytest.param("gone.pkl", "can't read the model", id="missing"),
    ],
)
def test_misuse_is_explained(tmp_path, name, said):
    """A file of another kind, or none at all, is misuse."""
    with pytest.raises(UsageError, match=said):
        load_model(tmp_path / name)
