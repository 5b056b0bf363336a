"""Bytecode in a package: where it points, when it is the same, and what does not compile."""

import marshal
import os
import shutil
import sys
from pathlib import Path

import pytest

from coldpress.errors import BuildError
from coldpress.package.bytecode import compile_modules

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = Path(sys.executable)
SOURCE = """
NAMES = {"a", "b", "c", "d"} & {"b", "c"}

def work(x: int) -> bool:
    '''Doubles.'''
    return x * 2 in {"a", "b", "c", "d", 1, 2.5, None}
"""


@pytest.fixture
def package(tmp_path):
    """A directory with a few modules."""
    folder = tmp_path / "package"
    for name in ("one.py", "lib/__init__.py", "lib/two.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SOURCE)
    return folder


def compiled(folder):
    """The bytecode below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.pyc")}


def code_of(bytecode):
    """The code that a .pyc file holds: https://peps.python.org/pep-0552/."""
    return marshal.loads(bytecode[16:])  # noqa: S302 - made by the test


def test_lies_where_python_looks_for_it(package):
    """Every module has its bytecode beside it, and keeps its source."""
    compile_modules(package, HERE, VERSION)
    tag = sys.implementation.cache_tag
    assert set(compiled(package)) == {
        f"__pycache__/one.{tag}.pyc",
        f"lib/__pycache__/__init__.{tag}.pyc",
        f"lib/__pycache__/two.{tag}.pyc",
    }
    assert (package / "one.py").read_text() == SOURCE


def test_is_never_checked_against_its_source(package):
    """The header says hash-based and unchecked, so that no time and no source is looked at."""
    compile_modules(package, HERE, VERSION)
    flags = {int.from_bytes(content[4:8], "little") for content in compiled(package).values()}
    assert flags == {0b01}


def test_names_files_where_lambda_has_them(package):
    """Tracebacks point into /var/task, and nothing tells of this machine."""
    compile_modules(package, HERE, VERSION)
    contents = compiled(package)
    paths = {code_of(content).co_filename for content in contents.values()}
    assert paths == {"/var/task/one.py", "/var/task/lib/__init__.py", "/var/task/lib/two.py"}
    assert not [name for name, data in contents.items() if os.fsencode(package.parent) in data]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("PYTHONHASHSEED", "1", id="hash seed"),
        pytest.param("PYTHONDONTWRITEBYTECODE", "1", id="no bytecode wanted"),
        pytest.param("PYTHONPYCACHEPREFIX", "/nowhere", id="bytecode elsewhere"),
        pytest.param("PYTHONOPTIMIZE", "2", id="without docstrings"),
        pytest.param("SOURCE_DATE_EPOCH", "1", id="a date for builds"),
    ],
)
def test_depends_on_the_sources_alone(package, tmp_path, monkeypatch, name, value):
    """Neither the environment nor the place has a say in the bytes."""
    other = shutil.copytree(package, tmp_path / "elsewhere" / "copy")
    monkeypatch.delenv(name, raising=False)
    compile_modules(package, HERE, VERSION)
    monkeypatch.setenv(name, value)
    compile_modules(other, HERE, VERSION)
    assert compiled(package)
    assert compiled(package) == compiled(other)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(b"x = 1\nx = = 2\n", "invalid syntax, line 2", id="syntax"),
        pytest.param(b"# coding: nothing\n", "unknown encoding", id="encoding"),
        pytest.param(b"x = '\x00'\n", "null bytes", id="null byte"),
    ],
)
def test_a_module_that_does_not_compile_is_named(package, source, reason):
    """The error says which module, for which version, and where in it."""
    (package / "lib" / "broken.py").write_bytes(source)
    with pytest.raises(
        BuildError, match=rf"^lib/broken\.py does not compile for Python {VERSION} \(.*{reason}"
    ):
        compile_modules(package, HERE, VERSION)


def test_counts_further_modules_that_do_not_compile(package):
    """One is named and the others are counted."""
    for name in ("a.py", "b.py", "c.py"):
        (package / name).write_text("=")
    with pytest.raises(BuildError, match=r"^a\.py does not .*, and 2 more do not; leave it out"):
        compile_modules(package, HERE, VERSION)


def test_an_interpreter_that_fails_is_named(package, tmp_path):
    """A Python that ends with an error is named with its last words."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho first >&2\necho 'no more memory' >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(BuildError, match=r"python could not compile .* \(no more memory\); mend"):
        compile_modules(package, broken, VERSION)
