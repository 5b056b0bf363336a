"""What becomes of Keras files without Keras; with it, see the export's tests."""

import sys
import zipfile

import pytest

from coldpress.errors import MissingExtraError
from coldpress.load import Source, load_model


def test_missing_extra_says_what_to_type(tmp_path, monkeypatch):
    """Without TensorFlow, reading a network says which extra to install."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    # What an import finds where the package is not installed.
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'coldpress\[tensorflow\]'"):
        load_model(Source(path=str(path)))
