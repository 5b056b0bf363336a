"""Wheels for pip to install, and a disk that is full."""

import os
import re
import shutil
import subprocess
import zipfile

import pytest


@pytest.fixture
def wheelhouse(tmp_path, monkeypatch):
    """A function that makes a wheel; pip finds these, and asks no index."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    def add(name, version, tag, *, needs="", filler=0):
        stem = f"{re.sub('[-_.]+', '_', name)}-{version}"
        files = {
            f"{name}.txt": tag.encode(),
            f"{name}.bin": os.urandom(filler),
            f"{stem}.dist-info/METADATA": _metadata(name, version, needs),
            f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
            f"{stem}.dist-info/entry_points.txt": b"[console_scripts]\ntool = tool:main\n",
        }
        record = "".join(f"{path},,\n" for path in files)
        with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as wheel:
            for path, content in files.items():
                wheel.writestr(path, content)
            wheel.writestr(f"{stem}.dist-info/RECORD", f"{record}{stem}.dist-info/RECORD,,\n")

    return add


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a file system of 256 KiB; skips where this user may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    options = ("-t", "tmpfs", "-o", "size=256k", "tmpfs", folder)
    if not (mount and umount) or subprocess.run([mount, *options], check=False).returncode:
        pytest.skip("a small file system can't be mounted here")
    yield folder
    subprocess.run([umount, folder], check=True)


def _metadata(name, version, needs):
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*lines, *([f"Requires-Dist: {needs}"] if needs else []), ""]).encode()
