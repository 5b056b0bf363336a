"""What a project's template may be told, and what it is told: parameters and their values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from coldpress.errors import MissingExtraError, UsageError
from coldpress.scaffold.infrastructure import TEMPLATES, TOOLS

from .parameters import fault, value_text
from .rules import broken_rule
from .settings import SamSettings

__all__ = ["VARIABLE", "Template", "project_tools", "read_template"]

# What a template of ours has, whoever changed what in it.
_OURS = "ModelUri"
# What begins a value that only the Serverless Framework can put in.
VARIABLE = "${"
_AS_IT_COMES = "${self:service}-${sls:stage}"
# What of a stack's name is known here, whatever else it would be without a stage.
_KNOWN = re.compile(
    r"\$\{(self:service|sls:stage|self:provider\.stage|opt:stage)(?:, *(?:\$\{[^}]*\}|[^{}])*)?\}"
)
# The stack's name in serverless.yml where it is told no other.
_OTHERWISE = re.compile(r"\$\{param:StackName, *'(.+)'\}")
# What serverless.yml is put together from, such as ${file(infra/resources/rules.yml)}.
_FILE = re.compile(r"\$\{file\(([^)]+\.(?:yml|yaml|json))\)(:[^}]*)?\}")


class Template:
    """A project's template.

    Attributes:
        tool: Whose it is: ``sam`` or ``serverless``.
        path: The file.
        settings: What samconfig.toml beside it has; nothing for the other tool.
    """

    def __init__(self, tool: str, path: Path) -> None:
        self.tool = tool
        self.path = path
        self._document = _read(path)
        self._stages = _stages(tool, self._document)
        self._values = _defaults(tool, self._document)
        self.settings = SamSettings(path.parent if tool == "sam" else None)

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
        self._check_params(stage)
        overrides = self.settings.overrides(stage)
        for name in overrides:
            self._check_name(name, f"{self.settings.path} sets {name}, but ")
        for name in chosen:
            self._check_name(name, "")
        return {**self._values, **self._stages.get(stage, {}), **overrides, **chosen}

    def tags(self, stage: str, values: Mapping[str, str]) -> dict[str, str]:
        """The stack's tags that the project itself says.

        Raises:
            UsageError: They can't be read, or only the Serverless Framework knows them.
        """
        if self.tool == "sam":
            return self.settings.tags(stage)
        if VARIABLE in (own := values.get("Tags", "")):
            raise UsageError(
                f"{self.path} has the tags {own}, which --tag can't come beside: write them there"
            )
        pairs = (pair.partition("=") for pair in own.split(",") if pair)
        return {name.strip(): value for name, _, value in pairs}

    def takes_model(self, uri: str) -> bool:
        """Whether it may be told such a URI of a model."""
        return not fault(uri, self._declared()[0].get(_OURS, {}))

    def check(self, values: Mapping[str, str]) -> None:
        """Refuse what CloudFormation would refuse, which it does when all else is done.

        Args:
            values: What it will be told, by parameter.

        Raises:
            UsageError: A value can't be, or two do not go together.
        """
        declared, rules = self._declared()
        known = {name: value for name, value in values.items() if VARIABLE not in value}
        for name in (name for name in known if name in declared):
            if not known[name] and "Default" not in declared[name]:
                raise UsageError(
                    f"{self.path} has a parameter {name} without a value; give it one with "
                    f"--param {name}=VALUE"
                )
            if found := fault(known[name], declared[name]):
                raise UsageError(f"{name} can't be {known[name]!r}: it {found}")
        broken = broken_rule(rules, values, declared) if len(known) == len(values) else ""
        if broken:
            raise UsageError(f"the parameters do not go together: {broken}")

    def stack(self, stage: str) -> str:
        """The name that the project gives its stack; empty where it gives none.

        Raises:
            UsageError: The settings can't be read, or serverless.yml has no name of its service.
        """
        if self.tool == "sam":
            return self.settings.stack(stage)
        service = self._document.get("service")
        if not isinstance(service, str):
            raise UsageError(f"{self.path} has no name of a service; write such as service: churn")
        named = str(self._provider.get("stackName") or _AS_IT_COMES)
        if otherwise := _OTHERWISE.fullmatch(named):
            named = otherwise[1]
        return _KNOWN.sub(lambda found: service if found[1] == "self:service" else stage, named)

    @property
    def takes_stack(self) -> bool:
        """Whether the tool can be told another name of the stack."""
        return self.tool == "sam" or "${param:StackName" in str(self._provider.get("stackName"))

    def setting(self, name: str, stage: str) -> str:
        """A ``region`` or ``profile`` that the project itself names; empty where it names none.

        Raises:
            UsageError: The settings can't be read.
        """
        if self.tool == "sam":
            return self.settings.text(name, stage)
        named = str(self._provider.get(name) or "")
        return "" if VARIABLE in named else named

    @property
    def _provider(self) -> dict[str, Any]:
        return _table(self._document.get("provider"))

    def _check_name(self, name: str, where: str) -> None:
        if name in self._values:
            return
        near = difflib.get_close_matches(name, self._values, n=1)
        hint = f"did you mean {near[0]}" if near else f"it has {', '.join(self._values)}"
        raise UsageError(f"{where}{self.path} has no parameter {name}; {hint}")

    def _check_params(self, stage: str) -> None:
        """Refuse values of serverless.yml that would get lost."""
        if self.tool == "sam":
            return
        sets = self._document.get("params", {})
        if not (isinstance(sets, dict) or VARIABLE in str(sets)):
            raise UsageError(
                f"the params of {self.path} must be tables, such as default:, of values"
            )
        declared = self._declared()[0]
        used = " ".join(map(str, (self._document, *self._parts())))
        for name in sorted({*self._values, *self._stages.get(stage, {})} - declared.keys()):
            near = difflib.get_close_matches(name, declared, n=1, cutoff=0.85)
            if near and not re.search(rf"\bparam:\s*{re.escape(name)}\s*[,}}]", used):
                raise UsageError(
                    f"{self.path} sets {name}, which nothing in it uses; did you mean {near[0]}?"
                )

    def _declared(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the template says of its parameters, and its rules."""
        parameters: dict[str, Any] = {}
        rules: dict[str, Any] = {}
        for part in (self._document, *self._parts(whole=True)):
            parameters |= _table(part.get("Parameters"))
            rules |= _table(part.get("Rules"))
        return {name: _table(each) for name, each in parameters.items()}, rules

    def _parts(self, *, whole: bool = False) -> Iterator[dict[str, Any]]:
        """The files that serverless.yml is put together from; those alone that it has whole."""
        for name, key in _FILE.findall(str(self._document)) if self.tool == "serverless" else ():
            with suppress(UsageError):  # whoever includes it says what is wrong with it
                yield _read(self.path.parent / name) if not (whole and key) else {}


def project_tools(folder: Path, asked: Collection[str] = TOOLS) -> list[str]:
    """Those of some tools that a folder is a project of; none where it deploys something else.

    Raises:
        UsageError: A template that may be ours can't be read.
    """
    there = [tool for tool in TOOLS if tool in asked and _may_be_ours(folder / TEMPLATES[tool])]
    return [tool for tool in there if read_template(tool, folder).is_ours]


def read_template(tool: str, folder: Path) -> Template:
    """The template of a project.

    Raises:
        UsageError: It can't be read.
    """
    return Template(tool, folder / TEMPLATES[tool])


def _may_be_ours(path: Path) -> bool:
    """Whether it is a file that could be a template of ours; another's may have any syntax."""
    try:
        return _OURS.encode() in path.read_bytes()
    except OSError:
        return False


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
        parameters = _table(document.get("Parameters"))
        return {name: value_text(_table(each).get("Default")) for name, each in parameters.items()}
    values = _table(_table(document.get("params")).get("default"))
    named = {name: value_text(value) for name, value in values.items()}
    return {_OURS: "", **named} if "PredictLambdaFunction" in str(document) else named


def _stages(tool: str, document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What serverless.yml has for a stage beside the defaults."""
    sets = _table(document.get("params")) if tool == "serverless" else {}
    return {
        stage: {name: value_text(value) for name, value in values.items()}
        for stage, values in sets.items()
        if stage != "default" and isinstance(values, dict)
    }


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
