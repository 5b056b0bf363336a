"""A template's rules: which parameters do not go together, told before CloudFormation does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .parameters import items, value_text

__all__ = ["broken_rule"]

_Values = Mapping[str, str | list[str]]


def broken_rule(
    rules: Mapping[str, Any], told: Mapping[str, str], declared: Mapping[str, Any]
) -> str:
    """What the first broken rule says; empty where none is.

    A rule with a function that is not known here is left to CloudFormation.

    Args:
        rules: The template's section ``Rules``, in long forms.
        told: What each parameter is, as on a command line.
        declared: The template's section ``Parameters``.

    Source: the AWS CloudFormation User Guide, "Rules" and "Rule-specific intrinsic functions".
    """
    values = {name: _listed(value, declared.get(name, {})) for name, value in told.items()}
    for rule in rules.values():
        try:
            if "RuleCondition" in rule and not _is_true(rule["RuleCondition"], values):
                continue
            for each in rule["Assertions"]:
                if not _is_true(each["Assert"], values):
                    return str(each.get("AssertDescription", each["Assert"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return ""


def _listed(value: str, declared: Mapping[str, Any]) -> str | list[str]:
    if "List" not in str(declared.get("Type")):
        return value
    return [item for item in items(value, declared) if item]


def _is_true(condition: Any, values: _Values) -> bool:  # noqa: ANN401 - a template's expression
    ((name, arguments),) = condition.items()
    return _FUNCTIONS[name](arguments, values)


def _value(expression: Any, values: _Values) -> str | list[str]:  # noqa: ANN401 - as above
    if isinstance(expression, dict):
        return values[expression["Ref"]]
    if isinstance(expression, list):
        return [str(_value(each, values)) for each in expression]
    return value_text(expression)


def _equals(pair: list[Any], values: _Values) -> bool:
    one, other = pair
    return _value(one, values) == _value(other, values)


def _each_equals(pair: list[Any], values: _Values) -> bool:
    items, value = pair
    return all(each == _value(value, values) for each in _value(items, values))


def _contains(pair: list[Any], values: _Values) -> bool:
    items, value = pair
    return _value(value, values) in _value(items, values)


_FUNCTIONS: Mapping[str, Callable[[list[Any], _Values], bool]] = {
    "Fn::Equals": _equals,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::Contains": _contains,
    "Fn::Not": lambda conditions, values: not _is_true(conditions[0], values),
    "Fn::And": lambda conditions, values: all(_is_true(each, values) for each in conditions),
    "Fn::Or": lambda conditions, values: any(_is_true(each, values) for each in conditions),
}
