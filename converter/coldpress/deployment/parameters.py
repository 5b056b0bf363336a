"""What a template says that its parameters may be, checked before CloudFormation does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

__all__ = ["fault"]


def fault(value: str, declared: Mapping[str, Any]) -> str:
    """What is wrong with a parameter's value, such as ``must be at least 128``; empty if nothing.

    Args:
        value: The value as it stands on a command line.
        declared: What the template says of the parameter, by CloudFormation's names: ``Type``,
            ``AllowedValues``, ``AllowedPattern``, ``MinValue``, ``MaxLength`` and so on.

    Source: the AWS CloudFormation User Guide, "Parameters".
    """
    kind = str(declared.get("Type", "String"))
    items = value.split(",") if "List" in kind else [value]
    if kind in ("Number", "List<Number>"):
        found = next(filter(None, (_number_fault(item, declared) for item in items)), "")
    else:
        found = next(filter(None, (_text_fault(item, declared) for item in items)), "")
    return found or _choice_fault(items, declared)


def _number_fault(item: str, declared: Mapping[str, Any]) -> str:
    try:
        number = float(item)
    except ValueError:
        return "must be a number"
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and number < float(least):
        return f"must be at least {least}"
    if most is not None and not number <= float(most):
        return f"must be at most {most}"
    return ""


def _text_fault(item: str, declared: Mapping[str, Any]) -> str:
    least, most = declared.get("MinLength"), declared.get("MaxLength")
    if least is not None and len(item) < int(least):
        return f"must have at least {least} characters"
    if most is not None and len(item) > int(most):
        return f"must have at most {most} characters"
    pattern = declared.get("AllowedPattern")
    if pattern is None or _matches(pattern, item):
        return ""
    return str(declared.get("ConstraintDescription") or f"must match {pattern}")


def _choice_fault(items: list[str], declared: Mapping[str, Any]) -> str:
    allowed = [str(each) for each in declared.get("AllowedValues") or ()]
    if not allowed or set(items) <= set(allowed):
        return ""
    return f"must be one of {', '.join(allowed)}"


def _matches(pattern: str, text: str) -> bool:
    # Java's expressions know more than Python's: of those CloudFormation decides.
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        try:
            return re.fullmatch(pattern, text) is not None
        except (re.error, FutureWarning):
            return True
