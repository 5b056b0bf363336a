"""What becomes of Keras files without Keras; with it, see the export's tests."""

import sys
import zipfile

import pytest

from coldpress.errors import LoadError, MissingExtraError
from coldpress.load import load_model


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
