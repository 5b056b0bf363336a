"""Reading JSON objects field by field, with errors that know the dotted path of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from re import Pattern
from typing import Any, TypeVar

from .errors import ArtifactError

__all__ = ["Fields"]

# Larger than any file, and small enough for whatever counts in 64 bits.
_MOST = 2**62

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=str)


class Fields:
    """A JSON object being read; every method raises `ArtifactError` naming the field.

    Args:
        value: What `json.loads` gave; anything but an object is refused.
        where: Dotted path of this object inside the document; empty for the document itself.
    """

    __slots__ = ("_fields", "_where")

    def __init__(self, value: object, where: str = "") -> None:
        if not isinstance(value, dict):
            raise ArtifactError(f"expected an object, found {_kind(value)}", where=where)
        self._fields: dict[str, Any] = value
        self._where = where

    @classmethod
    def from_json(cls, data: bytes, what: str) -> Fields:
        """The object that JSON bytes hold; `what` names the file in errors."""
        try:
            value = json.loads(data)
            # Python reads more than JSON can carry: NaN, 1e999, halves of surrogate pairs.
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ArtifactError(f"{what} is not JSON: {error}") from error
        return cls(value)

    def schema_version(self, kind: str, newest: int) -> int:
        """The document's schema version; one above `newest` is refused, naming the `kind`."""
        version = self.integer("schema_version", least=1)
        if version > newest:
            raise ArtifactError(
                f"this is a {kind} of schema version {version} and this reader knows up to "
                f"{newest}; upgrade coldpress",
                where=self._at("schema_version"),
            )
        return version

    def text(self, key: str, pattern: Pattern[str] | None = None) -> str:
        """A string, which must match the whole of `pattern` if there is one."""
        value = self._need(key, str)
        if pattern is not None and not pattern.fullmatch(value):
            raise ArtifactError(
                f"{value!r:.80} does not match {pattern.pattern}", where=self._at(key)
            )
        return value

    def optional_text(self, key: str) -> str:
        """A string; empty where the field is missing."""
        return self.text(key) if key in self._fields else ""

    def choice(self, key: str, choices: tuple[_Choice, ...]) -> _Choice:
        """One of the given strings."""
        value = self._need(key, str)
        for choice in choices:
            if value == choice:
                return choice
        raise ArtifactError(
            f"expected one of {', '.join(choices)}; found {value!r:.80}", where=self._at(key)
        )

    def boolean(self, key: str) -> bool:
        """True or false."""
        return self._need(key, bool)

    def integer(self, key: str, *, least: int) -> int:
        """A whole number of at least `least`."""
        return self._at_least(self._need(key, int), least, self._at(key))

    def number(self, key: str) -> float:
        """A number."""
        value = self._fields.get(key)
        if type(value) is not int and type(value) is not float:
            raise ArtifactError(f"expected a number, found {_kind(value)}", where=self._at(key))
        try:
            return float(value)
        except OverflowError as error:
            raise ArtifactError("the number is out of range", where=self._at(key)) from error

    def optional_number(self, key: str) -> float | None:
        """A number, or null."""
        if key in self._fields and self._fields[key] is None:
            return None
        return self.number(key)

    def integers(self, key: str, *, least: int) -> tuple[int, ...]:
        """A list of whole numbers of at least `least` each."""
        items = enumerate(self.values(key, (int,)))
        return tuple(self._at_least(item, least, f"{self._at(key)}[{i}]") for i, item in items)

    def values(self, key: str, kinds: tuple[type[_Value], ...]) -> tuple[_Value, ...]:
        """A list whose items are each of exactly one of the given types."""
        items = self._need(key, list)
        for index, item in enumerate(items):
            if type(item) not in kinds:
                names = " or ".join(_NAMES[kind] for kind in kinds)
                where = f"{self._at(key)}[{index}]"
                raise ArtifactError(f"expected {names}, found {_kind(item)}", where=where)
        return tuple(items)

    def mapping(self, key: str, kind: type[_Value]) -> dict[str, _Value]:
        """An object whose values are all of one type."""
        child = self.child(key)
        return {name: child._need(name, kind) for name in child._fields}  # noqa: SLF001 - own class

    def child(self, key: str) -> Fields:
        """A nested object."""
        return Fields(self._need(key, dict), self._at(key))

    def optional_child(self, key: str) -> Fields | None:
        """A nested object, or null."""
        if key in self._fields and self._fields[key] is None:
            return None
        return self.child(key)

    def children(self, key: str) -> Iterator[Fields]:
        """A list of nested objects."""
        for index, item in enumerate(self._need(key, list)):
            yield Fields(item, f"{self._at(key)}[{index}]")

    def _need(self, key: str, kind: type[_Value]) -> _Value:
        if key not in self._fields:
            raise ArtifactError("the field is missing", where=self._at(key))
        value = self._fields[key]
        # An exact type: to JSON, true is no number.
        if type(value) is not kind:
            raise ArtifactError(
                f"expected {_NAMES[kind]}, found {_kind(value)}", where=self._at(key)
            )
        return value

    @staticmethod
    def _at_least(value: int, least: int, where: str) -> int:
        if value < least:
            raise ArtifactError(f"expected at least {least}, found {value}", where=where)
        if value > _MOST:
            raise ArtifactError(f"expected at most {_MOST}", where=where)
        return value

    def _at(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)
