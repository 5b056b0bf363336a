"""What a JSON body is made of, told by its marks: brackets, quotes, colons and commas.

A value takes two bytes of JSON or more, and a hundred as an object of Python's. So how many there
are, and how deep they stand, is known before a parser makes any.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_names_once", "check_size", "marks_of"]

_MARKS = b'[]{}:"'
_QUOTE, _COLON = ord('"'), ord(":")
_OPENING, _CLOSING = (ord("["), ord("{")), (ord("]"), ord("}"))


def _all_but(kept: bytes) -> bytes:
    return bytes(byte for byte in range(256) if byte not in kept)


_BESIDE_MARKS = _all_but(_MARKS)
_BESIDE_VALUES = _all_but(b'[{,"')


def marks_of(body: bytes) -> bytes:
    """The body's brackets, colons and quotes, less the quotes that a backslash makes text."""
    return _without_escapes(body).translate(None, _BESIDE_MARKS)


def check_size(body: bytes, marks: bytes, limits: Limits) -> None:
    """Whether a body is small enough to be parsed.

    Args:
        body: The body, which need not be sound.
        marks: Its marks.
        limits: `values` and `depth`.

    Raises:
        PayloadTooLarge: It has more values than the limit, lists and objects among them.
        RequestError: Its lists and objects stand deeper in one another than the limit.
    """
    if len(body) // 2 >= limits.values and _values(body) > limits.values:
        raise PayloadTooLarge(
            f"the body has more than {limits.values:,} values, which is the limit; send fewer rows"
        )
    # As long as there are no more brackets than levels, they can't stand too deep.
    if marks.count(b"[") + marks.count(b"{") > limits.depth and _depth(marks) > limits.depth:
        raise RequestError(
            f"the body's lists and objects stand more than {limits.depth} deep in one another"
        )


def check_names_once(body: bytes, marks: bytes, document: object) -> None:
    """Whether no object has a name twice, of which a parser keeps one and says nothing.

    Args:
        body: The body.
        marks: Its marks.
        document: What a parser made of it.

    Raises:
        RequestError: An object has.
    """
    names = _names(document, marks.count(b"{"))
    if marks.count(b":") != names and int((_unquoted(marks) == _COLON).sum()) != names:
        raise RequestError(f"an object of the body has the name {_twice(body)} twice")


def _without_escapes(body: bytes) -> bytes:
    """The body without escaped backslashes and quotes, of which its strings may have any number."""
    if b"\\" not in body:
        return body
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")


def _values(body: bytes) -> int:
    """At most how many values a body has: one, one after each comma, one in each list or object."""
    return 1 + int((_unquoted(_without_escapes(body).translate(None, _BESIDE_VALUES))).size)


def _depth(marks: bytes) -> int:
    """How deep the brackets stand in one another."""
    unquoted = _unquoted(marks)
    steps = np.isin(unquoted, _OPENING).astype(np.int8) - np.isin(unquoted, _CLOSING)
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def _unquoted(marks: bytes) -> NDArray[np.uint8]:
    """The marks that stand outside strings."""
    found = np.frombuffer(marks, np.uint8)
    quotes = found == _QUOTE
    outside: NDArray[np.uint8] = found[~(np.logical_xor.accumulate(quotes) | quotes)]
    return outside


def _names(document: object, objects: int) -> int:
    """How many names the objects in a document have; it is read until so many are found."""
    names, level = 0, [document]
    while level and objects > 0:
        below: list[object] = []
        for value in level:
            if type(value) is dict:
                objects -= 1
                names += len(value)
                below.extend(value.values())
            elif type(value) is list:
                below.extend(value)
        level = below
    return names


def _twice(body: bytes) -> str:
    """The first name that an object has twice, in quotes."""
    import json  # noqa: PLC0415 - to word an error

    found: list[str] = []

    def collect(pairs: Sequence[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        found.extend(name for at, name in enumerate(names) if name in names[:at])

    # Python's own parser goes less deep than ours; where it fails, the name is not told.
    with suppress(RecursionError, ValueError):
        json.loads(body, object_pairs_hook=collect)
    return f"'{found[0]:.64}'" if found else "of a value"
