"""The zip: where its bytes are said to go."""

import pytest

from coldpress.package.archive import Part, bytecode_in, parts_in, write_zip

FILES = {
    "handler.py": 100,
    "__pycache__/handler.cpython-313.pyc": 50,
    "lib/__init__.py": 1000,
    "lib/deep/__pycache__/part.cpython-313.pyc": 70,
    "lib.libs/lib.so": 10,
    "lib-1.0.dist-info/METADATA": 20,
    "other-2.0.dist-info/licenses/LICENSE": 30,
    "record.json": 5,
}


@pytest.fixture
def archive(tmp_path):
    """A zip of a few files, each of its own size."""
    for name, size in FILES.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(range(256)) * size)
    write_zip(tmp_path / "package", tmp_path / "package.zip")
    return tmp_path / "package.zip"


def test_parts_are_what_lies_at_the_top(archive):
    """Folders and files at the top are parts; bytecode goes with its module, metadata together."""
    assert {part.name: part.unpacked_bytes // 256 for part in parts_in(archive)} == {
        "handler.py": 150,
        "lib": 1070,
        "lib.libs": 10,
        "*.dist-info": 50,
        "record.json": 5,
    }


def test_parts_come_largest_first(archive):
    """The order is that of the bytes in the zip."""
    sizes = [part.zipped_bytes for part in parts_in(archive)]
    assert sizes == sorted(sizes, reverse=True)
    assert 0 < sum(sizes) < archive.stat().st_size


def test_bytecode_is_counted_wherever_it_lies(archive):
    """All bytecode counts, of every part; none is no bytes."""
    found = bytecode_in(archive)
    assert found.unpacked_bytes == 120 * 256
    assert found == Part(name="bytecode", unpacked_bytes=120 * 256, zipped_bytes=found.zipped_bytes)
    assert 0 < found.zipped_bytes < found.unpacked_bytes
