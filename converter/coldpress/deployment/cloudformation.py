"""Templates as data: YAML with CloudFormation's short forms, or JSON, which is YAML, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from coldpress.errors import UsageError, brief

__all__ = ["read"]

# The short forms whose long one is not called Fn::….
_PLAIN = ("Ref", "Condition")


class _Loader(yaml.SafeLoader):
    """Reads short forms, such as !Ref, as their long ones."""


def _long(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in _PLAIN else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: loader.construct_scalar(node)}  # type: ignore[arg-type]  # there are three kinds


_Loader.add_multi_constructor("!", _long)


def read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """What a template's file holds, with short forms such as ``!Ref`` as their long ones.

    Raises:
        UsageError: It can't be read.
    """
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path} can't be read as a template: {brief(error)}") from error
