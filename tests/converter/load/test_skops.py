"""skops files: opened where all types are known, listed where not."""

import io
import sys
import zipfile

import numpy as np
import pytest
import skops.io as sio
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from coldpress.errors import LoadError, MissingExtraError, TrustError
from coldpress.load import load_model

ROWS = np.random.default_rng(0).normal(size=(40, 3))
MODEL = LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)


class Homemade(BaseEstimator):
    """An estimator that skops can't know."""


def file_of(tmp_path, model):
    """A skops file."""
    path = tmp_path / "model.skops"
    path.write_bytes(sio.dumps(model))
    return path


def test_known_types_need_no_trust(tmp_path):
    """A scikit-learn estimator is opened as it is."""
    trained = load_model(file_of(tmp_path, MODEL))
    assert (trained.framework, trained.format) == ("scikit-learn", "skops")
    assert (trained.model.predict(ROWS) == MODEL.predict(ROWS)).all()


def test_unknown_types_are_listed_then_trusted(tmp_path):
    """A type of somebody's own is named in a refusal, and read with trust."""
    path = file_of(tmp_path, Homemade())
    with pytest.raises(TrustError, match=r"test_skops\.Homemade") as caught:
        load_model(path)
    assert [name.rpartition(".")[2] for name in caught.value.names] == ["Homemade"]
    assert caught.value.complete
    assert type(load_model(path, trust=True).model).__name__ == "Homemade"


def test_hostile_names_are_refused(tmp_path):
    """A file that names os.system is refused with it."""
    schema = (
        '{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1, '
        '"content": "system", "protocol": 2, "_skops_version": "0.13"}'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", schema)
    path = tmp_path / "model.skops"
    path.write_bytes(file.getvalue())
    with pytest.raises(TrustError, match=r"os\.system"):
        load_model(path)


def test_other_version_says_what_to_install(tmp_path):
    """A file of another scikit-learn is refused with the line that installs it."""
    data = sio.dumps(MODEL)
    source = zipfile.ZipFile(io.BytesIO(data))
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for member in source.namelist():
            archive.writestr(member, source.read(member).replace(b'\\"1.9.1\\"', b'\\"1.2.3\\"'))
    path = tmp_path / "model.skops"
    path.write_bytes(changed.getvalue())
    with pytest.raises(LoadError, match=r"pip install scikit-learn==1\.2\.3"):
        load_model(path)


def test_missing_extra_says_what_to_type(tmp_path, monkeypatch):
    """Without skops, reading its files says which extra to install."""
    path = file_of(tmp_path, MODEL)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'coldpress\[skops\]'"):
        load_model(path)
