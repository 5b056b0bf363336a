"""What becomes of Keras files without Keras, and of those that ask for more than they hold."""

import resource
import sys
import zipfile

import keras
import numpy as np
import pytest
from keras.src.backend.common import global_state

from coldpress.errors import LoadError, MissingExtraError
from coldpress.load import load_model

# Keras asks numpy for what it will no longer give.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_missing_extra_says_what_to_type(tmp_path, monkeypatch):
    """Without TensorFlow, reading a network says which extra to install."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    # What an import finds where the package is not installed.
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'coldpress\[tensorflow\]'"):
        load_model(path)


def test_zip_bombs_are_refused_before_keras(tmp_path, monkeypatch):
    """An archive that would unpack to a thousand times its size never reaches Keras."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w") as member:
            for _ in range(300):
                member.write(bytes(1 << 20))
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # it would be missing, were it asked for
    with pytest.raises(LoadError, match=r"model\.keras is .* as a zip bomb does"):
        load_model(path)
    assert [found.name for found in tmp_path.iterdir()] == ["model.keras"]


def network(units=2, rows=4):
    """A network of one layer."""
    return keras.Sequential([keras.Input((rows,)), keras.layers.Dense(units)])


def test_weights_that_are_asked_for_must_be_there(tmp_path):
    """A small archive whose configuration asks for a gigabyte takes none of it."""
    network().save(tmp_path / "small.keras")
    with (
        zipfile.ZipFile(tmp_path / "small.keras") as small,
        zipfile.ZipFile(tmp_path / "m.keras", "w") as made,
    ):
        for name in small.namelist():
            content = small.read(name)
            if name == "config.json":
                content = content.replace(b"[null, 4]", b"[null, 16000]")
                content = content.replace(b'"units": 2', b'"units": 16000')
            made.writestr(name, content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LoadError, match=r"asks for 1,024,064,000 bytes of weights"):
        load_model(tmp_path / "m.keras")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_looking_leaves_nothing_behind(tmp_path):
    """The model comes back with its weights, and Keras has none left to make."""
    model = network()
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras").model
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not global_state.get_global_attribute("uninitialized_variables")


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([keras.layers.Reshape((2, 2)), keras.layers.LSTM(3)], id="recurrent"),
        pytest.param([keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)], id="counters"),
        pytest.param([keras.layers.Dense(3, dtype="float64")], id="wide"),
        pytest.param([network(3), keras.layers.SpectralNormalization(keras.layers.Dense(2))],
                     id="nested"),
    ],
)  # fmt: skip
def test_honest_networks_pass(tmp_path, layers):
    """Networks of all kinds of layers are read as before."""
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("adam", "mse", metrics=["mae"])
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras").model.count_params() == model.count_params()
