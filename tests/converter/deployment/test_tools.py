"""The tools that deploy: found, run, and named where they are missing."""

import os
import signal
import subprocess
import sys

import pytest

from coldpress.deployment.tools import find_tool, found_tools, run_tool
from coldpress.errors import DeployError
from tests.conftest import until


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A function that puts programs on an otherwise empty PATH, or into another folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def put(*names, folder="bin", text="#!/bin/sh\nexit 0\n"):
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            (place / name).write_text(text)
            (place / name).chmod(0o755)
        return place

    return put


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        pytest.param("sam", "sam", id="SAM"),
        pytest.param("serverless", "osls", id="osls"),
        pytest.param("serverless", "serverless", id="serverless"),
        pytest.param("serverless", "sls", id="sls"),
    ],
)
def test_finds_them_on_the_path(programs, tmp_path, tool, name):
    """Each tool under each of its names."""
    place = programs(name)
    assert find_tool(tool, tmp_path) == place / name
    assert found_tools(tmp_path) == [tool]


def test_a_project_s_own_comes_first(programs, tmp_path):
    """What the project installed is taken before what the machine has."""
    programs("osls")
    own = programs("serverless", folder="node_modules/.bin")
    assert find_tool("serverless", tmp_path) == own / "serverless"


@pytest.mark.parametrize(
    ("tool", "how"),
    [
        pytest.param("sam", "pipx install aws-sam-cli", id="SAM"),
        pytest.param("serverless", "npm install osls", id="Serverless"),
    ],
)
def test_names_how_to_get_them(programs, tmp_path, tool, how):
    """A missing tool is told with the line that installs it."""
    assert programs()
    with pytest.raises(DeployError, match=how):
        find_tool(tool, tmp_path)
    assert found_tools(tmp_path) == []


def test_shows_what_a_tool_prints(tmp_path):
    """Output and errors of a tool are handed on as they come, and it runs in the folder."""
    log = tmp_path / "log"
    script = (
        "import os, sys; print(os.getcwd(), flush=True); print(os.environ['X'], file=sys.stderr)"
    )
    with log.open("w") as output:
        run_tool(
            [sys.executable, "-c", script],
            folder=tmp_path,
            environment={**os.environ, "X": "told"},
            output=output,
        )
    assert log.read_text().splitlines() == [str(tmp_path), "told"]


def test_a_tool_s_failure_is_one(tmp_path):
    """Its exit code is told, and that its own output says why."""
    with pytest.raises(DeployError, match="failed with exit code 3; what it printed"):
        run_tool(
            [sys.executable, "-c", "raise SystemExit(3)"],
            folder=tmp_path,
            environment=dict(os.environ),
            output=sys.__stdout__,
        )


WAITS = """
import os, signal, sys
from pathlib import Path
from coldpress.deployment.tools import run_tool

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
tool = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
told = {"folder": Path(), "environment": dict(os.environ), "output": sys.stdout}
run_tool([sys.executable, "-c", tool], **told)
"""


def test_a_tool_ends_with_who_called_it(tmp_path):
    """Who ends the command ends the tool: nothing goes on deploying behind his back."""
    with subprocess.Popen([sys.executable, "-c", WAITS], cwd=tmp_path) as caller:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        tool = int((tmp_path / "pid").read_text())
        caller.terminate()
        assert caller.wait(timeout=30) == 143
    until(lambda: _ended(tool))


def test_who_interrupts_a_tool_is_told_what_goes_on(tmp_path, monkeypatch):
    """CloudFormation does not end with the tool that waits for it, which is ended."""
    wait, waited = subprocess.Popen.wait, []

    def interrupted(process, *arguments, **options):
        waited.append(process)
        if len(waited) == 1:
            raise KeyboardInterrupt
        return wait(process, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt, match="what CloudFormation has begun goes on"):
        run_tool(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            folder=tmp_path,
            environment=dict(os.environ),
            output=sys.__stdout__,
        )
    assert waited[0].returncode == -signal.SIGTERM


def _ended(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
