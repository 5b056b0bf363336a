"""The tools that deploy: found, run with their output shown, and named where they are missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from coldpress.errors import DeployError

__all__ = ["find_tool", "found_tools", "run_tool"]

_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "sam": ("sam",),
    "serverless": ("osls", "serverless", "sls"),
}
_HOW: Mapping[str, str] = {
    "sam": "the AWS SAM CLI is not on the PATH; get it with `pipx install aws-sam-cli`, or deploy "
    "--with serverless",
    "serverless": "neither osls nor serverless is on the PATH or in node_modules; get it with "
    "`npm install osls`, or deploy --with sam",
}

_GOES_ON = (
    "interrupted; what was published stays, and what CloudFormation has begun goes on: look at the "
    "stack in its console, and deploy again"
)


def find_tool(tool: str, project: Path) -> Path:
    """The program of a tool: one that the project brings, or else one on the PATH.

    Args:
        tool: ``sam`` or ``serverless``.
        project: The project's folder; its ``node_modules`` come first.

    Raises:
        DeployError: There is none; the message says how to get it.
    """
    places = [str(project.absolute() / "node_modules" / ".bin"), None]
    found = (shutil.which(name, path=place) for place in places for name in _PROGRAMS[tool])
    if path := next(filter(None, found), None):
        return Path(path)
    raise DeployError(_HOW[tool])


def found_tools(project: Path) -> list[str]:
    """The tools that there are on this machine, the first one first."""
    return [tool for tool in _PROGRAMS if _is_there(tool, project)]


def run_tool(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], output: IO[str]
) -> None:
    """Run a tool in a folder; what it prints is shown as it comes.

    Raises:
        DeployError: It fails; its own output says why.
        KeyboardInterrupt: Somebody interrupted it; the message says what goes on.
    """
    with subprocess.Popen(  # noqa: S603 - the tool that the user has
        command, cwd=folder, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            raise KeyboardInterrupt(_GOES_ON) from None
        except BaseException:
            process.terminate()  # it is not to go on when this process ends
            raise
    if code:
        raise DeployError(
            f"`{Path(command[0]).name} {command[1]}` failed with exit code {code}; what it printed "
            "above says why"
        )


def _is_there(tool: str, project: Path) -> bool:
    try:
        find_tool(tool, project)
    except DeployError:
        return False
    return True
