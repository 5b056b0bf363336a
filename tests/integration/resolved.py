"""A CloudFormation template as it is with some parameters: conditions decided, values put in."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["resolved"]

_NONE = {"Ref": "AWS::NoValue"}
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


def resolved(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The resources and outputs that there are, by name, and what can be known of them beforehand.

    Args:
        template: The compiled template.
        parameters: Values by name, in the place of defaults.
    """
    values = {name: each.get("Default") for name, each in template["Parameters"].items()}
    with_lists = {
        name: str(value).split(",") if value is not None else None
        for name, value in {**values, **parameters}.items()
        if template["Parameters"].get(name, {}).get("Type") == "CommaDelimitedList"
    }
    scope = _Scope({**values, **parameters, **with_lists}, template["Conditions"])
    return {
        section: {
            name: scope.value(
                {key: each[key] for key in each if key not in ("Condition", "Metadata")}
            )
            for name, each in template[section].items()
            if "Condition" not in each or scope.holds(each["Condition"])
        }
        for section in ("Resources", "Outputs")
    }


class _Scope:
    def __init__(self, parameters: dict[str, Any], conditions: dict[str, Any]) -> None:
        self._parameters = {**_PSEUDO, **parameters}
        self._conditions = conditions

    def holds(self, name: str) -> bool:
        return bool(self.value(self._conditions[name]))

    def value(self, found: Any) -> Any:
        if isinstance(found, list):
            items = [self.value(item) for item in found]
            return [item for item in items if item != _NONE]
        if not isinstance(found, dict):
            return found
        if len(found) == 1:
            ((name, argument),) = found.items()
            if (function := getattr(self, name.replace("::", "_").lower(), None)) is not None:
                return function(argument)
        pairs = {key: self.value(item) for key, item in found.items()}
        return {key: item for key, item in pairs.items() if item != _NONE}

    def ref(self, name: str) -> Any:
        return self._parameters.get(name, {"Ref": name})

    def condition(self, name: str) -> Any:
        return self.holds(name) if name in self._conditions else {"Condition": name}

    def fn_if(self, arguments: list[Any]) -> Any:
        name, then, otherwise = arguments
        return self.value(then if self.holds(name) else otherwise)

    def fn_equals(self, pair: list[Any]) -> bool:
        one, other = map(self.value, pair)
        return str(one) == str(other)

    def fn_not(self, condition: list[Any]) -> bool:
        return not self.value(condition[0])

    def fn_and(self, conditions: list[Any]) -> bool:
        return all(self.value(each) for each in conditions)

    def fn_join(self, arguments: list[Any]) -> Any:
        separator, parts = arguments[0], self.value(arguments[1])
        whole = isinstance(parts, list) and all(isinstance(part, str) for part in parts)
        return separator.join(parts) if whole else {"Fn::Join": [separator, parts]}

    def fn_split(self, arguments: list[Any]) -> Any:
        return self.value(arguments[1]).split(arguments[0])

    def fn_select(self, arguments: list[Any]) -> Any:
        return self.value(arguments[1])[int(arguments[0])]

    def fn_sub(self, argument: Any) -> Any:
        text, names = argument if isinstance(argument, list) else (argument, {})
        known = {**self._parameters, **{name: self.value(each) for name, each in names.items()}}

        def put(match: re.Match[str]) -> str:
            return str(known.get(match[1], match[0]))

        text = re.sub(r"\$\{([^}]+)\}", put, text)
        return {"Fn::Sub": text} if "${" in text else text
