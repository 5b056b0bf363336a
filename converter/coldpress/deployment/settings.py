"""What a project's samconfig.toml has for `sam deploy`, stage by stage."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

from coldpress.errors import UsageError

from .parameters import value_text

__all__ = ["SamSettings"]

# As SAM looks for them.
_FILES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
# SAM's own table where it is told no other; here it is the first stage's.
_LONGER = re.compile(r"ParameterKey=(\w+),ParameterValue=(.*)", re.DOTALL)
_DEFAULT, _FIRST_STAGE = "default", "live"


class SamSettings:
    """The settings beside a template of SAM's; empty where there are none.

    A stage without a table of its own has the values of the table ``default``, as with SAM; but not
    its stack, which is the stage ``live``.
    """

    def __init__(self, folder: Path | None) -> None:
        paths = [folder / name for name in _FILES] if folder else []
        self.path = next((path for path in paths if path.is_file()), None)

    def config_env(self, stage: str) -> str | None:
        """The table that SAM is told to read; None for its own default.

        Raises:
            UsageError: The file can't be read.
        """
        return stage if stage in self._document() else None

    def text(self, name: str, stage: str) -> str:
        """A setting such as ``s3_bucket``; empty where it has none.

        Raises:
            UsageError: The file can't be read.
        """
        return str(self._table(stage).get(name) or "")

    def stack(self, stage: str) -> str:
        """The stack's name, where it is for this stage and no other; else empty.

        Raises:
            UsageError: The file can't be read.
        """
        own = stage == _FIRST_STAGE or self.config_env(stage)
        return self.text("stack_name", stage) if own else ""

    def overrides(self, stage: str) -> dict[str, str]:
        """The values by parameter.

        Raises:
            UsageError: They can't be read.
        """
        return self._pairs("parameter_overrides", stage, "MemorySize=1769")

    def tags(self, stage: str) -> dict[str, str]:
        """The stack's tags.

        Raises:
            UsageError: They can't be read.
        """
        return self._pairs("tags", stage, "team=ml")

    def _pairs(self, name: str, stage: str, example: str) -> dict[str, str]:
        told = self._table(stage).get(name, [])
        try:
            if isinstance(told, dict):
                return {name: value_text(value) for name, value in told.items()}
            pairs = shlex.split(told) if isinstance(told, str) else map(_unquoted, told)
            return dict(map(_pair, pairs))
        except (ValueError, AttributeError, TypeError) as error:
            raise UsageError(
                f'the {name} of {self.path} can\'t be read: they are a list, such as ["{example}"]'
            ) from error

    def _table(self, stage: str) -> dict[str, Any]:
        """What `sam deploy` is told; what all of SAM's commands are told is part of it."""
        document = self._document()
        try:
            table = document.get(stage, document.get(_DEFAULT, {}))
            commands = [table.get(command, {}) for command in ("global", "deploy")]
            found: dict[str, Any] = {}
            for each in commands:
                found |= each.get("parameters", {})
        except (AttributeError, TypeError) as error:
            raise UsageError(
                f"{self.path} can't be read: there is a value where a table is wanted, such as "
                "[default.deploy.parameters]"
            ) from error
        return found

    def _document(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            if self.path.suffix == ".toml":
                return tomllib.loads(self.path.read_text("utf-8"))
            from . import cloudformation  # noqa: PLC0415 - needs the extra `aws`

            return dict(cloudformation.read(self.path))
        except (TypeError, ValueError) as error:
            raise UsageError(f"{self.path} can't be read: {error}") from error


def _unquoted(item: str) -> str:
    """An item of a list, whose value may be in quotes, as SAM needs it for blanks."""
    words = shlex.split(item)
    return words[0] if len(words) == 1 else item


def _pair(text: str) -> tuple[str, str]:
    """A parameter and its value, in the shorter or the longer form."""
    if longer := _LONGER.fullmatch(text):
        return longer[1], longer[2]
    name, value = text.split("=", 1)
    return name, value
