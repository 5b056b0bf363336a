"""Wheels for pip to install, a small function to build, and a disk that is full."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from coldpress import resources
from coldpress.package import PYTHONS

LINUX = "cp311-abi3-manylinux_2_28_{}"
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
THING = {
    "thing/__init__.py": b"",
    "thing/unused/part.py": b"x = 1\n" * 100,
    "thing/tests/test_thing.py": b"",
    "thing/types.pyi": b"",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFunction:
    """The sources of a function, which a test may change before it builds.

    Attributes:
        folder: `functions/`, with the handler, the requirements and what is left out.
        python: A Lambda runtime's version of which no Python is to be found.
    """

    folder: Path
    python: str

    def exclude(self, *lines):
        """Write excluded.txt."""
        (self.folder / "excluded.txt").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def wheelhouse(tmp_path, monkeypatch):
    """A function that makes a wheel; pip finds these, and asks no index."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    def add(name, version, tag, *, needs="", filler=0, files=MappingProxyType({})):
        stem = f"{re.sub('[-_.]+', '_', name)}-{version}"
        content = {
            **files,
            f"{name}.txt": tag.encode(),
            f"{name}.bin": os.urandom(filler),
            f"{stem}.dist-info/METADATA": _metadata(name, version, needs),
            f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
            f"{stem}.dist-info/entry_points.txt": b"[console_scripts]\ntool = tool:main\n",
        }
        record = "".join(f"{path},,\n" for path in content)
        with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as wheel:
            for path, data in content.items():
                wheel.writestr(path, data)
            wheel.writestr(f"{stem}.dist-info/RECORD", f"{record}{stem}.dist-info/RECORD,,\n")

    return add


@pytest.fixture
def small_function(tmp_path, monkeypatch, wheelhouse):
    """A function with one small package, for both processors, in the place of the real one."""
    for machine in ("x86_64", "aarch64"):
        wheelhouse("thing", "1.0", LINUX.format(machine), files=THING)
    folder, events = tmp_path / "sources" / "functions", resources.resource("events")
    folder.mkdir(parents=True)
    (folder / "predict.py").write_text("import thing\n")
    for name in ("batch.py", "docs.py", "hooks.py"):
        (folder / name).write_text("import thing\n")
    (folder / "requirements.txt").write_text("thing==1.0\n")
    monkeypatch.setattr(resources, "_ROOTS", (folder.parent,))
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    function = SmallFunction(folder=folder, python=next(p for p in PYTHONS if p != RUNNING))
    shutil.copytree(events, folder.parent / "events")
    function.exclude("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
    return function


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
