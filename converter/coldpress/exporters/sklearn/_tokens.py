"""Texts as rows of codes: a number for each token of a vocabulary, in the order of the text.

onnxruntime splits texts into words or characters, but neither removes nor joins any. So tokens are
numbers from the beginning: 0 for what is no token, which is closed up, 1 for one that the
vocabulary has not, which no n-gram goes across, and one more for each that it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import onnx

from ._charsets import BLANKS, lowered
from ._nodes import Nodes
from ._patterns import TokenPattern

__all__ = ["NEW", "character_codes", "codes_of", "split_characters", "split_words"]

NONE, NEW = 0, 1
_INT = onnx.TensorProto.INT64
_BEFORE, _AFTER = np.array([0, 1, 0, 0]), np.array([0, 0, 0, 1])


def codes_of(tokens: Iterable[str]) -> dict[str, int]:
    """A code for each of the tokens."""
    return {token: code for code, token in enumerate(dict.fromkeys(tokens), start=NEW + 1)}


def character_codes(grams: Iterable[str]) -> dict[str, int]:
    """A code for each character of n-grams, and for each blank; the blanks come first."""
    return codes_of([*BLANKS, *sorted({letter for gram in grams for letter in gram})])


def split_words(
    nodes: Nodes, texts: str, pattern: TokenPattern, codes: Mapping[str, int], gone: Collection[str]
) -> str:
    """Codes of the words, ``(rows, words)``; those that are gone are no words."""
    words = _split(nodes, texts, tokenexp=pattern.tokens)
    found = _coded(nodes, words, {**codes, **dict.fromkeys(gone, NONE), "": NONE}, NEW)
    if pattern.whole:
        fits = nodes("RegexFullMatch", words, pattern=pattern.whole)
        found = nodes("Where", fits, found, np.array(NONE))
    return _closed_up(nodes, found)


def split_characters(
    nodes: Nodes, texts: str, codes: Mapping[str, int], *, lowercase: bool, bounded: bool
) -> str:
    """Codes of the characters, ``(rows, characters)``, with one blank for several.

    Args:
        nodes: Where it is written.
        texts: ``(rows,)``.
        codes: What `character_codes` gives.
        lowercase: Whether characters count as those in lower case.
        bounded: Whether any blank is a plain one, and there is one at both ends.
    """
    if bounded:
        texts = nodes("StringConcat", nodes("StringConcat", np.array(" "), texts), np.array(" "))
    characters = _split(nodes, texts, separators=[""])
    first, *others = _cased(codes) if lowercase else [dict(codes)]
    found = _coded(nodes, characters, {**first, "": NONE}, NEW)
    parts = [_one_blank(nodes, found, bounded=bounded)]
    parts += [_coded(nodes, characters, other, NONE) for other in others]
    if len(parts) > 1:
        whole = [nodes("Unsqueeze", part, np.array([2])) for part in parts]
        shape = nodes("Mul", nodes("Shape", found), np.array([1, len(parts)]))
        parts = [nodes("Reshape", nodes("Concat", *whole, axis=2), shape, allowzero=1)]
    return _closed_up(nodes, parts[0])


def _cased(codes: Mapping[str, int]) -> list[dict[str, int]]:
    """Codes of each character's lower case: of its first character, of its second, and so on."""
    lower = lowered()
    tables = [{letter: code for letter, code in codes.items() if letter not in lower}]
    for letter, small in lower.items():
        for place, part in enumerate(small):
            if place == len(tables):
                tables.append({})
            if place or part in codes:
                tables[place][letter] = codes.get(part, NEW)
    return tables


def _one_blank(nodes: Nodes, codes: str, *, bounded: bool) -> str:
    """Several blanks in a row as a plain one, and the others as none."""
    blank = nodes("LessOrEqual", codes, np.array(NEW + len(BLANKS)))
    blank = nodes("And", blank, nodes("Greater", codes, np.array(NEW)))
    flags = nodes("Cast", blank, to=_INT)
    before = _moved(nodes, flags, _BEFORE, 0)
    plain = blank if bounded else nodes("And", blank, _moved(nodes, flags, _AFTER, 1))
    codes = nodes("Where", plain, np.array(NEW + 1), codes)
    return nodes("Where", nodes("And", blank, before), np.array(NONE), codes)


def _moved(nodes: Nodes, flags: str, pads: Any, start: int) -> str:  # noqa: ANN401 - an array
    """Which characters stand beside a flagged one, on one side."""
    padded = nodes("Pad", flags, pads)
    ends = nodes("Add", nodes("Gather", nodes("Shape", flags), np.array([1])), np.array([start]))
    moved = nodes("Slice", padded, np.array([start]), ends, np.array([1]))
    return nodes("Cast", moved, to=onnx.TensorProto.BOOL)


def _split(nodes: Nodes, texts: str, **way: Any) -> str:  # noqa: ANN401 - the operator's options
    name: str = nodes.scope.get_unique_variable_name("tokens")
    nodes.container.add_node(
        "Tokenizer",
        [texts],
        [name],
        op_domain="com.microsoft",
        op_version=1,
        name=nodes.scope.get_unique_operator_name("Tokenizer"),
        mark=0,
        mincharnum=1,
        pad_value="",
        **way,
    )
    return name


def _coded(nodes: Nodes, tokens: str, codes: Mapping[str, int], other: int) -> str:
    return nodes(
        "LabelEncoder",
        tokens,
        ml=True,
        keys_strings=[token.encode() for token in codes],
        values_int64s=list(codes.values()),
        default_int64=other,
    )


def _closed_up(nodes: Nodes, codes: str) -> str:
    """The codes without the zeros between them, which come last, one more than there were."""
    kept = nodes("Greater", codes, np.array(NONE))
    places = nodes("CumSum", nodes("Cast", kept, to=_INT), np.array(1))
    # What is closed up goes to the place after the last.
    last = nodes("Gather", nodes("Shape", codes), np.array([1]))
    places = nodes("Where", kept, nodes("Sub", places, np.array(1)), last)
    empty = nodes("Pad", nodes("Mul", codes, np.array(0)), _AFTER)
    return nodes("ScatterElements", empty, places, codes, axis=1)
