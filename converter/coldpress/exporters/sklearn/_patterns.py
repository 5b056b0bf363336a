r"""Patterns of tokens as RE2 takes them, which onnxruntime splits texts by.

RE2 knows ``\w``, ``\d``, ``\s`` and ``\b`` in ASCII only, and onnxruntime asks it for the longest
match where Python takes the first. So classes are written out, and only patterns are taken in which
the next character always decides how it goes on: then the first match is the longest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import count
from typing import Any

import numpy as np

from coldpress.errors import ExportError

from ._charsets import Charset, as_class, charset, named

__all__ = ["TokenPattern", "token_pattern"]

# scikit-learn's patterns: words of at least so many letters as there are \w in them.
_WORDS = re.compile(r"(?:\(\?u\))?(?:\\b)?((?:\\w)+)\+(?:\\b)?")
_LETTER = r"[\p{L}\p{N}_]"
# Each repetition is looked at by itself.
_MANY = 60
_NUMBERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPattern:
    """How texts become tokens.

    Attributes:
        tokens: A pattern of RE2's that finds them.
        whole: One that a token must match as a whole, or is none; empty for all.
        blanks: Whether a token may hold a blank.
    """

    tokens: str
    whole: str = ""
    blanks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """A part of a pattern, by the places in it that stand for one character each.

    Attributes:
        text: As RE2 takes it.
        empty: Whether it may match nothing.
        first: Places where it may begin.
        last: Places where it may end.
        follows: Pairs of places of which the second may follow the first.
        places: The set of each place, by its name.
    """

    text: str = ""
    empty: bool = True
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    follows: frozenset[tuple[int, int]] = frozenset()
    places: dict[int, Charset] = field(default_factory=dict)


def token_pattern(pattern: str) -> TokenPattern:
    """How onnxruntime splits texts as Python's ``findall`` would.

    Raises:
        ExportError: It can't.
    """
    if words := _WORDS.fullmatch(pattern):
        return TokenPattern(tokens=f"{_LETTER}{{{len(words[1]) // 2},}}")
    try:
        return _translated(_parsed(pattern))
    except _Untold as error:
        raise ExportError(
            f"the token_pattern {pattern!r:.80} can't be exported, since {error}; classes and "
            r"repetitions can where the next character tells how to go on, such as r'\S+' or "
            r"r'[a-z]+', and words of some letters between two \b, such as r'\b[a-z]{2,}\b'"
        ) from error


class _Untold(Exception):
    """Why a pattern can't be written."""


def _parsed(pattern: str) -> list[Any]:
    parsed = import_module("re._parser").parse(pattern)
    if parsed.state.flags & ~re.UNICODE.value:
        raise _Untold("it has flags")
    return list(parsed)


def _translated(items: list[Any]) -> TokenPattern:
    bounds = [_is_bound(items[0]), _is_bound(items[-1])] if items else [False, False]
    inner = items[bounds[0] : len(items) - bounds[1]]
    # A group of everything is what findall gives, too.
    if len(inner) == 1 and str(inner[0][0]) == "SUBPATTERN" and inner[0][1][0] == 1:
        inner = list(inner[0][1][3])
    part = _sequence(inner)
    if part.empty:
        raise _Untold("it matches the empty text, too")
    within = all(not (known & ~named("word")).any() for known in part.places.values())
    if all(bounds) and within:
        return TokenPattern(tokens=as_class(named("word")) + "+", whole=part.text)
    if any(bounds):
        raise _Untold(r"it has a \b that is not at both ends of letters, digits and _ alone")
    _check_decided(part)
    blanks = any(known[ord(" ")] for known in part.places.values())
    return TokenPattern(tokens=part.text, blanks=bool(blanks))


def _is_bound(item: Any) -> bool:  # noqa: ANN401 - untyped module
    return str(item[0]) == "AT" and str(item[1]) == "AT_BOUNDARY"


def _check_decided(part: _Part) -> None:
    """Refuse a pattern in which a character may stand at two places that come next.

    A. Brüggemann-Klein and D. Wood, One-unambiguous regular languages, Information and
    Computation 142 (1998).
    """
    after = {place: [b for a, b in part.follows if a == place] for place in part.places}
    for choices in (part.first, *after.values()):
        sets = [part.places[place] for place in dict.fromkeys(choices)]
        if sets and (np.sum(sets, axis=0) > 1).any():
            raise _Untold("it can go on in two ways at the same character")


def _sequence(items: Iterable[Any]) -> _Part:
    whole = _Part()
    for item in items:
        whole = _joined(whole, _item(item))
    return whole


def _item(item: Any) -> _Part:  # noqa: ANN401 - untyped module
    kind, value = str(item[0]), item[1]
    if kind == "MAX_REPEAT":
        return _repeated(*value)
    if kind == "SUBPATTERN" and value[0] is None and not value[1] and not value[2]:
        return _sequence(value[3])
    if kind == "BRANCH":
        return _either([_sequence(branch) for branch in value[1]])
    known = _set(kind, value)
    place = next(_NUMBERS)
    return _Part(
        text=as_class(known), empty=False, first=(place,), last=(place,), places={place: known}
    )


def _set(kind: str, value: Any) -> Charset:  # noqa: ANN401 - as above
    if kind == "ANY":
        return ~charset(range(ord("\n"), ord("\n") + 1))
    if kind == "LITERAL":
        return charset(range(value, value + 1))
    if kind == "NOT_LITERAL":
        return ~charset(range(value, value + 1))
    if kind == "RANGE":
        return charset(range(value[0], value[1] + 1))
    if kind == "CATEGORY":
        *no, name = str(value).removeprefix("CATEGORY_").lower().split("_")
        return ~named(name) if no else named(name).copy()
    if kind == "IN":
        negated = str(value[0][0]) == "NEGATE"
        found: Charset = np.any([_set(str(k), v) for k, v in value[negated:]], axis=0)
        return ~found if negated else found
    reasons = {
        "SUBPATTERN": "it has a group that is kept: write (?:...)",
        "MIN_REPEAT": "it has a lazy repetition",
        "AT": r"it has \b, ^ or $ within",
    }
    raise _Untold(reasons.get(kind, "it looks ahead, behind or back"))


def _joined(one: _Part, other: _Part) -> _Part:
    return _Part(
        text=one.text + other.text,
        empty=one.empty and other.empty,
        first=one.first + (other.first if one.empty else ()),
        last=other.last + (one.last if other.empty else ()),
        follows=one.follows | other.follows | _pairs(one, other),
        places=one.places | other.places,
    )


def _pairs(one: _Part, other: _Part) -> frozenset[tuple[int, int]]:
    return frozenset((a, b) for a in one.last for b in other.first)


def _either(parts: list[_Part]) -> _Part:
    if any(part.empty for part in parts[:-1]):
        raise _Untold("one of its alternatives can be empty, or is the beginning of another")
    text = "|".join(part.text for part in parts)
    return _Part(
        text=f"(?:{text})",
        empty=any(part.empty for part in parts),
        first=tuple(place for part in parts for place in part.first),
        last=tuple(place for part in parts for place in part.last),
        follows=frozenset().union(*(part.follows for part in parts)),
        places={place: known for part in parts for place, known in part.places.items()},
    )


def _repeated(least: int, most: Any, items: Any) -> _Part:  # noqa: ANN401 - untyped module
    """A part as often as it must be there, and again as often as it may."""
    endless = str(most) == "MAXREPEAT"
    if max(least, 0 if endless else most) > _MANY:
        raise _Untold(f"it repeats more than {_MANY} times")
    required = [_sequence(items) for _ in range(least)]
    if endless:
        *required, last = required or [_sequence(items)]
        again = _pairs(last, last)
        rest = replace(last, follows=last.follows | again, empty=last.empty or least == 0)
    else:
        rest = _Part()
        for _ in range(most - least):
            rest = replace(_joined(_sequence(items), rest), empty=True)
    whole = rest
    for part in reversed(required):
        whole = _joined(part, whole)
    text = f"(?:{_sequence(items).text}){{{least},{'' if endless else most}}}"
    return replace(whole, text=text)
