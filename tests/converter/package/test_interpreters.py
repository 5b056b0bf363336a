"""Finding a Python by running each candidate."""

import sys

import pytest

from coldpress.package.interpreters import find_interpreter

SHIM = '#!/bin/sh\necho "pyenv: $0: command not found" >&2\nexit 127\n'
WRONG = "#!/bin/sh\necho cpython 3.99\n"
RIGHT = "#!/bin/sh\necho cpython 3.77\n"
PYPY = "#!/bin/sh\necho pypy 3.77\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the candidates are shell scripts")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A function that puts a program somewhere below a folder; nothing else is to be found."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))

    def put(script, where, *, mode=0o755):
        path = tmp_path / where
        path.parent.mkdir(parents=True)
        path.write_text(script)
        path.chmod(mode)
        return path

    return put


def test_the_running_interpreter_is_the_first_choice():
    """The version that runs needs no search."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert str(find_interpreter(version)) == sys.executable


@pytest.mark.parametrize(
    "where",
    [
        "second/python3.77",
        "pyenv/versions/3.77.1/bin/python3.77",
        "uv/cpython-3.77.1-linux-x86_64-gnu/bin/python3.77",
    ],
)
def test_finds_what_is_installed(place, where):
    """The PATH, pyenv's versions and uv's are searched."""
    path = place(RIGHT, where)
    assert find_interpreter("3.77") == path


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(SHIM, id="a shim that fails"),
        pytest.param(WRONG, id="another version"),
        pytest.param(PYPY, id="another implementation"),
        pytest.param("no program", id="no program"),
    ],
)
def test_passes_over_what_does_not_run(place, script):
    """A candidate that only has the name is passed over for the next."""
    place(script, "first/python3.77")
    right = place(RIGHT, "second/python3.77")
    assert find_interpreter("3.77") == right


def test_says_when_there_is_none(place):
    """Without a candidate that runs the answer is None."""
    place(SHIM, "first/python3.77")
    assert find_interpreter("3.77") is None
