"""The templates as files of a project: what `infra/` has, with paths as they are there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from coldpress.errors import UsageError
from coldpress.resources import resource

__all__ = ["TEMPLATES", "TOOLS", "image_files", "infrastructure", "stack_name"]

TOOLS = ("sam", "serverless")
# Which file makes a folder a project, by tool.
TEMPLATES: Mapping[str, str] = {"sam": "template.yaml", "serverless": "serverless.yml"}
_ARCHIVE = "../../build/function.zip"
# CodeDeploy's role may only call functions named CodeDeployHook_…, of 64 characters in all; a
# stage comes behind.
_LONGEST_STACK = 36
_PARTS = "infra"
_CONTAINER = ("Dockerfile", "Dockerfile.dockerignore")
# The line that says what the shipped template was put together from.
_ORIGIN = re.compile(r"^# Put together by .*\n\n?", re.MULTILINE)


def infrastructure(tool: str, *, service: str, archive: str) -> dict[str, str]:
    """The files that a tool deploys, by their paths in the project.

    Args:
        tool: One of `TOOLS`.
        service: What stacks are called before their stage.
        archive: Where the function's zip lies, as seen from the project.

    Raises:
        UsageError: The tool is another.
    """
    if tool == "sam":
        return {TEMPLATES[tool]: _sam("template.yaml").replace(_ARCHIVE, _in_yaml(archive))}
    if tool == "serverless":
        return _serverless(service, archive)
    raise UsageError(f"{tool!r} deploys nothing here; use one of {', '.join(TOOLS)}")


def image_files(tool: str) -> dict[str, str]:
    """What a container image takes besides, by paths in the project: as in the repository.

    Args:
        tool: One of `TOOLS`.
    """
    folder = resource("infra", "container")
    files = {f"{_PARTS}/container/{name}": _text(folder / name) for name in _CONTAINER}
    return files | ({f"{_PARTS}/sam/image.yaml": _sam("image.yaml")} if tool == "sam" else {})


def stack_name(model: str) -> str:
    """A model's name as a stack may be called: letters, digits and hyphens, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", model)
    name = words if words[:1].isalpha() else f"m-{words}"
    return name[:_LONGEST_STACK].strip("-")


def _sam(name: str) -> str:
    """A template of SAM's as one's own."""
    return _ORIGIN.sub("", _text(resource("infra", "sam", name)))


def _serverless(service: str, archive: str) -> dict[str, str]:
    folder = resource("infra", "serverless")
    text = (folder / "serverless.yml").read_text("utf-8")
    for before, after in (
        ("service: coldpress\n", f"service: {service}\n"),
        (_ARCHIVE, _in_yaml(archive)),
        ("../resources/", f"{_PARTS}/resources/"),
        (
            "../sam/template.yaml creates: ../resources",
            "AWS SAM's template creates, too: resources",
        ),
        ("./live-alias.js", f"./{_PARTS}/live-alias.js"),
        ("./container-image.js", f"./{_PARTS}/container-image.js"),
        ("file(deployment.yml)", f"file({_PARTS}/deployment.yml)"),
    ):
        text = text.replace(before, after)
    files = {TEMPLATES["serverless"]: text}
    beside = [each for suffix in ("yml", "js") for each in sorted(folder.glob(f"*.{suffix}"))]
    beside = [each for each in beside if each.name != TEMPLATES["serverless"]]
    files |= {f"{_PARTS}/{each.name}": each.read_text("utf-8") for each in beside}
    return files | {f"{_PARTS}/resources/{each.name}": _text(each) for each in _resources()}


def _in_yaml(path: str) -> str:
    """A path as a value in YAML: in quotes where a sign in it could mean something."""
    return path if re.fullmatch(r"[\w./-]+", path) else json.dumps(path)


def _resources() -> list[Path]:
    return sorted(resource("infra", "resources").glob("*.yml"))


def _text(path: Path) -> str:
    return path.read_text("utf-8")
