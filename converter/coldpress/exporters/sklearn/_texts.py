"""Counts of n-grams of words and of characters.

skl2onnx gives them in float32 only, keeps stop words between others, leaves the blanks of texts as
they are, knows no n-grams within words, and has patterns taken otherwise than Python takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from coldpress.errors import ExportError

from ._nodes import Nodes, float_type
from ._patterns import TokenPattern, token_pattern
from ._tokens import character_codes, codes_of, split_characters, split_words

__all__ = ["CONVERTERS", "SHAPES"]

# skl2onnx asks for en_US, which small images such as Lambda's lack.
_LOCALE = "C.UTF-8"
_SIGMAS = frozenset({"\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"})
# An n-gram as codes; None where no text can have it.
_Gram: TypeAlias = tuple[int, ...] | None


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    _check(model)
    nodes = Nodes(scope, operator, container)
    texts = nodes("Reshape", operator.inputs[0].full_name, np.array([-1]))
    split = _words if model.analyzer == "word" else _characters
    codes, grams = split(nodes, model, texts)
    counts = nodes("Cast", _counted(nodes, codes, grams), to=nodes.float_type)
    blank = model.vocabulary_.get(" ")
    if model.analyzer == "char_wb" and blank is not None and grams[blank] is not None:
        counts = _doubled(nodes, counts, blank, len(grams))
    nodes.give(nodes("Min", counts, np.array(1.0)) if model.binary else counts)


def _check(model: CountVectorizer) -> None:
    own = [name for name in ("preprocessor", "tokenizer") if getattr(model, name) is not None]
    if callable(model.analyzer):
        own.append("analyzer")
    if own or model.strip_accents is not None:
        what = f"{own[0]} of your own" if own else "strip_accents"
        raise ExportError(
            f"a vectoriser of texts with {what} can't be exported; use the analyzer 'word', 'char' "
            "or 'char_wb' without, on texts that were prepared before"
        )


def _words(nodes: Nodes, model: CountVectorizer, texts: str) -> tuple[str, list[_Gram]]:
    pattern = token_pattern(model.token_pattern)
    if pattern.blanks and model.ngram_range != (1, 1):
        raise ExportError(
            f"the token_pattern {model.token_pattern!r:.80} finds words with blanks in them, of "
            "which n-grams can't be told apart; use ngram_range=(1, 1)"
        )
    if model.lowercase:
        texts = nodes(
            "StringNormalizer",
            texts,
            case_change_action="LOWER",
            is_case_sensitive=1,
            locale=_LOCALE,
        )
    gone = model.get_stop_words() or frozenset()
    parts = [_parts(model, gram, pattern) for gram in _ordered(model)]
    codes = codes_of(sorted({word for words in parts for word in words} - gone - {""}))
    known = {**codes, **dict.fromkeys(gone)}
    grams = [_gram(model, [known.get(word) for word in words]) for words in parts]
    return split_words(nodes, texts, pattern, codes, gone), grams


def _parts(model: CountVectorizer, gram: str, pattern: TokenPattern) -> list[str]:
    return [gram] if pattern.blanks or model.ngram_range == (1, 1) else gram.split(" ")


def _gram(model: CountVectorizer, codes: list[int | None]) -> _Gram:
    least, most = model.ngram_range
    told = [code for code in codes if code is not None]
    return tuple(told) if least <= len(told) == len(codes) <= most else None


def _characters(nodes: Nodes, model: CountVectorizer, texts: str) -> tuple[str, list[_Gram]]:
    ordered, bounded = _ordered(model), model.analyzer == "char_wb"
    codes = character_codes(ordered)
    if model.lowercase and _SIGMAS & codes.keys():
        raise ExportError(
            f"a vectoriser with the analyzer '{model.analyzer}' that knows the letter sigma can't "
            "be exported with lowercase=True, since its lower case depends on the letters beside "
            "it; use lowercase=False, on texts in lower case"
        )
    grams = [_spelled(model, gram, codes) for gram in ordered]
    found = split_characters(nodes, texts, codes, lowercase=bool(model.lowercase), bounded=bounded)
    return found, grams


def _spelled(model: CountVectorizer, gram: str, codes: Mapping[str, int]) -> _Gram:
    """An n-gram's characters, if a text can have it."""
    least, most = model.ngram_range
    if model.analyzer == "char_wb":
        # Shorter ones are whole words.
        whole = len(gram) > 2 and gram[0] == gram[-1] == " "  # noqa: PLR2004 - both blanks
        least = 3 if whole else least
        if any(letter.isspace() for letter in gram[1:-1]) or gram == "  ":
            return None
    return tuple(codes[letter] for letter in gram) if least <= len(gram) <= most else None


def _ordered(model: CountVectorizer) -> list[str]:
    """The vocabulary in the order of the columns."""
    return [gram for gram, _ in sorted(model.vocabulary_.items(), key=lambda item: item[1])]


def _counted(nodes: Nodes, codes: str, grams: list[_Gram]) -> str:
    """How often each n-gram is there, ``(rows, grams)``, in float32."""
    # What no text can have is a code that there is not.
    told = [(-place - 1,) if gram is None else gram for place, gram in enumerate(grams)]
    order = sorted(range(len(told)), key=lambda place: (len(told[place]), told[place]))
    most = max(map(len, told))
    sizes = [sum(len(gram) for gram in told if len(gram) < size) for size in range(1, most + 1)]
    return nodes(
        "TfIdfVectorizer",
        codes,
        mode="TF",
        min_gram_length=min(map(len, told)),
        max_gram_length=most,
        max_skip_count=0,
        ngram_counts=sizes,
        ngram_indexes=order,
        pool_int64s=[code for place in order for code in told[place]],
    )


def _doubled(nodes: Nodes, counts: str, place: int, width: int) -> str:
    """Each word has a blank at both ends, where the codes have one between two words."""
    blank = (np.arange(width) == place).reshape(1, -1)
    twice = nodes("Mul", counts, np.where(blank, 2.0, 1.0))
    return nodes("Sub", twice, np.where(blank, 2.0, 0.0))


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    _check(model)
    operator.outputs[0].type = float_type(operator, [None, len(model.vocabulary_)])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {CountVectorizer: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {CountVectorizer: _shape}
