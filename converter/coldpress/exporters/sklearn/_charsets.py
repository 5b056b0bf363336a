"""Sets of characters as Python knows them, and as RE2 takes them, whose own classes are ASCII's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLANKS", "Charset", "as_class", "charset", "lowered", "named"]

# Whether each character is in the set, by its number, (0x110000,).
Charset: TypeAlias = NDArray[np.bool_]

_ALL = 0x110000
_SURROGATES = slice(0xD800, 0xE000)
_TESTS = {"digit": str.isdecimal, "space": str.isspace, "alnum": str.isalnum}


@cache
def named(name: str) -> Charset:
    r"""What ``\w`` (``word``), ``\d`` (``digit``) or ``\s`` (``space``) stands for in text."""
    if name == "word":
        return named("alnum") | charset(range(ord("_"), ord("_") + 1))
    test = _TESTS[name]
    return np.fromiter((test(chr(code)) for code in range(_ALL)), dtype=np.bool_, count=_ALL)


def charset(codes: range) -> Charset:
    """The characters of some numbers that follow each other."""
    found = np.zeros(_ALL, dtype=np.bool_)
    found[codes.start : codes.stop] = True
    return found


def as_class(known: Charset) -> str:
    """A set as a character class of RE2's."""
    return "[" + "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in _runs(known)) + "]"


def _runs(known: Charset) -> Iterator[tuple[int, int]]:
    """First and last of each run of characters; ONNX's text has no surrogates."""
    real = known.copy()
    real[_SURROGATES] = False
    edges = np.flatnonzero(np.diff(np.r_[False, real, False].astype(np.int8)))
    return zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)


@cache
def lowered() -> dict[str, str]:
    """Every character that is another one, or several, in lower case."""
    letters = (chr(code) for code in range(_ALL))
    return {letter: lower for letter in letters if (lower := letter.lower()) != letter}


# Every blank, the plain one first.
BLANKS = (" ", *(chr(code) for code in np.flatnonzero(named("space")) if chr(code) != " "))
