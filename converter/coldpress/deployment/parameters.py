"""What a template says that its parameters may be, checked before CloudFormation does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

__all__ = ["fault", "items", "value_text"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def fault(value: str, declared: Mapping[str, Any]) -> str:
    """What is wrong with a parameter's value, such as ``must be at least 128``; empty if nothing.

    Args:
        value: The value as it stands on a command line.
        declared: What the template says of the parameter, by CloudFormation's names: ``Type``,
            ``AllowedValues``, ``AllowedPattern``, ``MinValue``, ``MaxLength`` and so on.

    Source: the AWS CloudFormation User Guide, "Parameters".
    """
    kind = str(declared.get("Type", "String"))
    found = _number_fault if kind in ("Number", "List<Number>") else _text_fault
    each = items(value, declared) if "List" in kind else [value]
    return next(filter(None, (found(item, declared) for item in each)), "")


def items(value: str, declared: Mapping[str, Any]) -> list[str]:
    """A list's items, without blanks around them; none of an empty one that may be empty."""
    if not value and "AllowedPattern" not in declared:
        return []
    return [item.strip() for item in value.split(",")]


def value_text(value: object) -> str:
    """A value of YAML, TOML or JSON as a command line has it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number_fault(item: str, declared: Mapping[str, Any]) -> str:
    if not _NUMBER.fullmatch(item):
        return "must be a number"
    number = float(item)
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and number < float(least):
        return f"must be at least {least}"
    if most is not None and number > float(most):
        return f"must be at most {most}"
    allowed = declared.get("AllowedValues") or ()
    return "" if not allowed or number in map(float, allowed) else _one_of(allowed)


def _text_fault(item: str, declared: Mapping[str, Any]) -> str:
    least, most = declared.get("MinLength"), declared.get("MaxLength")
    if least is not None and len(item) < int(least):
        return f"must have at least {least} characters"
    if most is not None and len(item) > int(most):
        return f"must have at most {most} characters"
    allowed = declared.get("AllowedValues") or ()
    if allowed and item not in map(value_text, allowed):
        return _one_of(allowed)
    pattern = declared.get("AllowedPattern")
    if pattern is None or _matches(pattern, item):
        return ""
    return str(declared.get("ConstraintDescription") or f"must match {pattern}")


def _one_of(allowed: list[object]) -> str:
    return f"must be one of {', '.join(map(value_text, allowed))}"


def _matches(pattern: str, text: str) -> bool:
    # Java's expressions know more than Python's: of those CloudFormation decides.
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        try:
            return re.fullmatch(pattern, text) is not None
        except (re.error, FutureWarning):
            return True
