"""What a build says of itself."""

import json
import zipfile

import pytest

from coldpress.package.place import RECORD, recorded


@pytest.fixture
def package(tmp_path):
    """A function that makes a zip with such a record."""

    def make(text):
        path = tmp_path / "function.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(RECORD, text)
        return path

    return make


def test_a_record(package, tmp_path):
    """It is read from a zip, and from a directory."""
    told = {"python": "3.13"}
    assert recorded(package(json.dumps(told))) == told
    (tmp_path / RECORD).write_text(json.dumps(told), "utf-8")
    assert recorded(tmp_path) == told


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000], ids=["none", "list", "half", "deep"]
)
def test_what_is_no_record(package, text):
    """It says nothing."""
    assert recorded(package(text)) == {}


def test_a_damaged_package(package, tmp_path):
    """Nor does what can't be unpacked."""
    path = package(json.dumps({"python": "3.13", "more": "x" * 1000}))
    data = bytearray(path.read_bytes())
    start = data.index(RECORD.encode()) + len(RECORD)
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    assert recorded(path) == {}
    assert recorded(tmp_path / "nothing.zip") == {}
