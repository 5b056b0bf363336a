"""Every suffix with content that it should not have: one sentence, nothing run, nothing written."""

import functools
import io
import os
import pickle
import zipfile

import pytest
import torch

from coldpress.errors import LoadError, TrustError, UsageError
from coldpress.load import SUFFIXES, load_model


class Attack:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def empty(_proof):
    """Nothing."""
    return b""


def junk(_proof):
    """Bytes of no format."""
    return bytes(range(256)) * 8


def text(_proof):
    """A text."""
    return b"just a text\n"


def other_archive(_proof):
    """A zip archive of something else."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme", "hello")
    return file.getvalue()


@functools.cache
def zeros():
    """A zip archive that unpacks to a thousand times its size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("config.json", "schema.json", "a/constants.pkl", "a/models/m.json"):
            with archive.open(name, "w") as member:
                for _ in range(72):
                    member.write(bytes(1 << 20))
    return file.getvalue()


def bomb(_proof):
    """A zip bomb."""
    return zeros()


def command(proof):
    """A pickle that names os.system."""
    return pickle.dumps(Attack(proof))


def command_by_torch(proof):
    """The same as PyTorch writes it."""
    file = io.BytesIO()
    torch.save(Attack(proof), file)
    return file.getvalue()


def network(_proof):
    """An HDF5 file cut off behind its signature."""
    return b"\x89HDF\r\n\x1a\n" + bytes(40)


CONTENTS = (empty, junk, text, other_archive, bomb, command, command_by_torch, network)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", CONTENTS, ids=[content.__name__ for content in CONTENTS])
def test_no_content_does_harm(tmp_path, suffix, content):
    """Without trust, each is refused in one sentence that names the file, and nothing happens."""
    proof = tmp_path / "ran"
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content(proof))
    with pytest.raises((LoadError, TrustError)) as caught:
        load_model(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "suffix", [".skops", ".keras", ".h5", ".hdf5", ".pt2", ".pt", ".pth", ".ts", ".cbm", ".onnx"]
)
@pytest.mark.parametrize("content", [command, command_by_torch, bomb], ids=lambda c: c.__name__)
def test_trust_opens_no_other_format(tmp_path, suffix, content):
    """Where a suffix is not a pickle's, a pickle is not read even with trust."""
    proof = tmp_path / "ran"
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content(proof))
    with pytest.raises(LoadError):
        load_model(path, trust=True)
    assert not proof.exists()


@pytest.mark.parametrize("suffix", [".json5", "", ".zip", ".bin", ".npz"])
def test_other_suffixes_are_misuse(tmp_path, suffix):
    """An unknown suffix lists those that there are."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(UsageError, match="a directory with a SavedModel, or module:factory") as e:
        load_model(path)
    assert all(known in str(e.value) for known in SUFFIXES)
