"""Zip archives: bombs and members that leave their folder are told by the table of contents."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from coldpress.archives import check_archive, read_member
from coldpress.errors import LoadError, SampleError


def archive(*members, compression=zipfile.ZIP_DEFLATED):
    """A zip archive of members, each a name or a `ZipInfo`, and its content."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as opened:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in members:
            opened.writestr(name, content, compress_type=compression)
    return file.getvalue()


def claiming(size):
    """An archive whose table of contents claims that its one member has a size."""
    data = bytearray(archive(("a", b"x" * 100)))
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(data)


def beside(size):
    """A bomb beside honest data that are as large as a hundredth of it."""
    honest = zipfile.ZipInfo("honest")
    data = archive((honest, b"x"), ("bomb", b"\0" * size))
    return data + b"" if len(data) > size // 100 else b"\0" * (size // 90) + data


def link():
    """A symbolic link as a member."""
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted():
    """An archive that says that its member is encrypted."""
    data = bytearray(archive(("a", b"x")))
    data[data.rindex(b"PK\1\2") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "is no zip archive", id="empty"),
        pytest.param(b"PK\3\4junk", "is no zip archive", id="junk"),
        pytest.param(archive(("a", b"x"))[:-10], "is no zip archive", id="truncated"),
        pytest.param(claiming(2**32 - 2), "would unpack to 4,294,967,294", id="bomb"),
        pytest.param(beside(2**28 + 1), "as a zip bomb does", id="bomb-beside-honest-data"),
        pytest.param(archive(("../a", b"x")), "leaves the archive's folder", id="parent"),
        pytest.param(archive(("/etc/a", b"x")), "leaves the archive's folder", id="absolute"),
        pytest.param(archive(("a\\..\\..\\b", b"x")), "leaves the archive's", id="backslashes"),
        pytest.param(archive(("C:a", b"x")), "leaves the archive's folder", id="drive"),
        pytest.param(archive((link(), b"/etc/passwd")), "'link' that is a link", id="link"),
        pytest.param(archive(("a", b"x"), ("a", b"y")), "'a' that is there twice", id="twice"),
        pytest.param(encrypted(), "that is encrypted", id="encrypted"),
        pytest.param(archive(*((str(i), b"") for i in range(100_001)),
                     compression=zipfile.ZIP_STORED), "has 100,001 members", id="members"),
    ],
)  # fmt: skip
def test_harmful_archives_are_refused(data, said):
    """Each gets one sentence that names the file."""
    with pytest.raises(LoadError, match=r"^model\.keras ") as caught:
        check_archive(data, name="model.keras")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive(("a/b", b"x"), ("c", b"y" * 1000)), id="plain"),
        pytest.param(archive(("zeros", b"\0" * 2**24)), id="mostly-zeros"),
    ],
)
def test_honest_archives_pass(tmp_path, data):
    """Their members' names are given, from bytes and from a file alike."""
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert check_archive(data, name="a") == check_archive(path, name="a")


def test_the_caller_says_what_is_raised():
    """A sample's archive gives a sample's error, in the words for it."""
    with pytest.raises(SampleError, match=r"x\.npz is no \.npz file, or is damaged"):
        check_archive(b"junk", name="x.npz", otherwise="no .npz file", error=SampleError)


def broken(at, values):
    """An archive with bytes of its one member's data, or headers, changed."""
    data = bytearray(archive(("a", b"hello, hello, hello, hello" * 100)))
    at += 31 if at < 100 else data.rindex(b"PK\1\2") - 100
    data[at : at + len(values)] = values
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "member"),
    [
        pytest.param(broken(0, b"\xff" * 8), "a", id="compressed-data"),
        pytest.param(archive(("a", b"x" * 5), compression=zipfile.ZIP_STORED).replace(b"xx", b"xy"),
                     "a", id="checksum"),
        pytest.param(broken(110, b"\x63\x00"), "a", id="unknown-method"),
        pytest.param(archive(("a", b"x")), "b", id="not-there"),
    ],
)  # fmt: skip
def test_damaged_members_are_one_sentence(data, member):
    """Whatever the reader raises, it is told as damage to the file."""
    with pytest.raises(LoadError, match=rf"^m is damaged: its member '{member}'"):
        read_member(data, member, name="m")


def test_members_are_read():
    """A member's content comes back whole."""
    assert read_member(archive(("a", b"x" * 5000)), "a", name="m") == b"x" * 5000
