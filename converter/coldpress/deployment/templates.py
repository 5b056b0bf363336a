"""What a project's template may be told, and what it is told: parameters and their values."""

from __future__ import annotations

import difflib
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldpress.errors import MissingExtraError, UsageError
from coldpress.scaffold.infrastructure import TEMPLATES, TOOLS

__all__ = ["Template", "project_tools", "read_template"]

_SETTINGS = "samconfig.toml"
# What a template of ours has, whoever changed what in it.
_OURS = "ModelUri"


class Template:
    """A project's template.

    Attributes:
        tool: Whose it is: ``sam`` or ``serverless``.
        path: The file.
    """

    def __init__(self, tool: str, path: Path) -> None:
        self.tool = tool
        self.path = path
        document = _read(path)
        self._stages = _stages(tool, document)
        self._values = _defaults(tool, document)

    @property
    def is_ours(self) -> bool:
        """Whether it deploys a model of Coldpress, rather than something else."""
        return _OURS in self._values

    def values(self, stage: str, chosen: Mapping[str, str]) -> dict[str, str]:
        """What it will be told: the chosen values, the project's settings, its own defaults.

        Args:
            stage: Whose table of the settings; ``default``'s, where it has none.
            chosen: Values by parameter.

        Raises:
            UsageError: There is no such parameter, or the settings can't be read.
        """
        for name in chosen:
            if name not in self._values:
                near = difflib.get_close_matches(name, self._values, n=1)
                hint = (
                    f"; did you mean {near[0]}" if near else f"; it has {', '.join(self._values)}"
                )
                raise UsageError(f"{self.path} has no parameter {name}{hint}")
        own = self._stages.get(stage, {})
        return {**self._values, **own, **self.overrides(stage), **chosen}

    def overrides(self, stage: str) -> dict[str, str]:
        """The parameters that samconfig.toml gives the SAM template; none for the other tool.

        Raises:
            UsageError: It can't be read.
        """
        told = self._settings(stage).get("parameter_overrides", [])
        try:
            pairs = shlex.split(told) if isinstance(told, str) else list(told)
            return dict(pair.split("=", 1) for pair in pairs)
        except (ValueError, AttributeError, TypeError) as error:
            raise UsageError(
                f"the parameter_overrides of {self.path.with_name(_SETTINGS)} can't be read: they "
                'are a list, such as ["MemorySize=1769"]'
            ) from error

    def names_bucket(self, stage: str) -> bool:
        """Whether samconfig.toml says which bucket SAM puts code into.

        Raises:
            UsageError: It can't be read.
        """
        return "s3_bucket" in self._settings(stage)

    def config_env(self, stage: str) -> str | None:
        """The table of samconfig.toml that SAM is told to read; None for its own default.

        Raises:
            UsageError: It can't be read.
        """
        return stage if stage in self._document() else None

    def _settings(self, stage: str) -> dict[str, Any]:
        """What samconfig.toml has for `sam deploy`; nothing where there is none."""
        document = self._document()
        try:
            table = document.get(stage, document.get("default", {}))
            found: dict[str, Any] = table.get("deploy", {}).get("parameters", {})
        except AttributeError as error:
            raise UsageError(
                f"{self.path.with_name(_SETTINGS)} can't be read: there is a value where a table "
                "is wanted, such as [default.deploy.parameters]"
            ) from error
        return found

    def _document(self) -> dict[str, Any]:
        path = self.path.with_name(_SETTINGS)
        if self.tool != "sam" or not path.is_file():
            return {}
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise UsageError(f"{path} can't be read: {error}") from error


def project_tools(folder: Path) -> list[str]:
    """The tools that a folder is a project of; none for a folder that deploys something else."""
    there = [tool for tool in TOOLS if (folder / TEMPLATES[tool]).is_file()]
    return [tool for tool in there if read_template(tool, folder).is_ours]


def read_template(tool: str, folder: Path) -> Template:
    """The template of a project.

    Raises:
        UsageError: It can't be read.
    """
    return Template(tool, folder / TEMPLATES[tool])


def _read(path: Path) -> dict[str, Any]:
    try:
        from . import cloudformation  # noqa: PLC0415 - needs the extra `aws`
    except ImportError as error:
        raise MissingExtraError.needed_by("coldpress deploy", "aws") from error
    document = cloudformation.read(path)
    return document if isinstance(document, dict) else {}


def _defaults(tool: str, document: dict[str, Any]) -> dict[str, str]:
    """Each parameter's value where none is given; empty where it has none."""
    if tool == "sam":
        parameters = document.get("Parameters") or {}
        return {name: _text(each.get("Default", "")) for name, each in parameters.items()}
    values = (document.get("params") or {}).get("default") or {}
    named = {name: _text(value) for name, value in values.items()}
    return {_OURS: "", **named} if "PredictLambdaFunction" in str(document) else named


def _stages(tool: str, document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What serverless.yml has for a stage beside the defaults."""
    sets = (document.get("params") or {}) if tool == "serverless" else {}
    return {
        stage: {name: _text(value) for name, value in values.items()}
        for stage, values in sets.items()
        if stage != "default" and isinstance(values, dict)
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
