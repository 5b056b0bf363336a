"""Words and texts that a sample seldom holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ._bench import Tensors
from ._sites import Site
from ._variants import Variant

__all__ = ["odd_text", "unseen_categories"]

_LONG = 10_000
_WORDS = 3
_UNSEEN = ("a category that is none", "zz", "0")
_ACCENTED = "Gr\u00f6\u00dfe fa\u00e7ade na\u00efve \u00c6r\u00f8 \u00d1and\u00fa \u017d\u00fcrich"
_PUNCTUATION = (
    "It's 10:30 o'clock, e-mail me@example.com about item_7 (or item-8)!",
    "snake_case 3.14 1,000 2nd a I x9 9x ... --- ??? ''quoted'' \"double\" [a] {b} <c>",
)
# Pangrams and proverbs: each script has its own marks, and words that no blank divides.
_LANGUAGES = (
    unicodedata.normalize("NFC", _ACCENTED),
    unicodedata.normalize("NFD", _ACCENTED),
    "Съешь ещё этих мягких французских булок",
    "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία",
    "敏捷的棕色狐狸跳过了懒狗。",
    "いろはにほへと カタカナ 漢字",
    "다람쥐 헌 쳇바퀴에 타고파",
    "نص حكيم له سر قاطع",
    "ऋषियों को सताने वाले दुष्ट",
    "\u0130stanbul \u0131l\u0131k \u1e9e \ufb01n \u2163 \u00bd \u00b2 \uff19",
    "\U0001f642 \U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u20ac5 \u00bfqu\u00e9?",
)
# What may stand beside a word: it ends there or goes on, by what the tokeniser knows of Unicode.
_BESIDE_PLAIN = ("{}.", "'{}'", "{}-{}", "{}_x", "{}9", "x{}", "({}),", "{}/{}")
_BESIDE_FOREIGN = (
    *("{}\u2014{}", "\u201c{}\u201d", "{}\u2026", "{}\u2019s", "{}\u00a0{}", "{}\u200b{}"),
    *("{}\u00e9", "\u00e9{}", "{}\u0301", "{}\u65e5\u672c", "\u0438{}", "{}\u0661", "{}\u00df"),
)


def unseen_categories(sites: Sequence[Site], tensors: Tensors) -> tuple[Variant, ...]:
    """Words that the sample has not, in each column in turn."""
    return tuple(
        _variant(site, word)
        for site in sites
        for word in _UNSEEN
        if not (site.values(tensors) == word).any()
    )


def odd_text(sites: Sequence[Site], tensors: Tensors) -> dict[str, tuple[Variant, ...]]:
    """Text of several kinds, in each column in turn, made from a few of the sample's own words.

    Returns:
        Such text by what is odd about it, so that a certificate can tell what makes a difference.
    """
    kinds: dict[str, list[Variant]] = {}
    for site in sites:
        texts = [str(text) for text in dict.fromkeys(site.values(tensors).tolist()) if text]
        for kind, odd in _odd(texts[0] if texts else "word", _words(texts)).items():
            kinds.setdefault(kind, []).extend(_variant(site, text) for text in odd)
    return {kind: tuple(variants) for kind, variants in kinds.items()}


def _variant(site: Site, text: str) -> Variant:
    return Variant(changes=((site, text),), where=site.label)


def _odd(known: str, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    first, *_, last = (*words, known)
    return {
        "empty text": ("", " "),
        "long text": ("x" * _LONG, f"{known} " * (_LONG // (len(known) + 1))),
        "blanks": (
            *(f" {known}", f"{known} ", f"{known}\n", f"{first}  {last}"),
            *(f"{first}\t{last}", f"{first}\r\n{last}", f"{first} \n {last}"),
        ),
        "other case": (known.upper(), known.lower(), known.title(), known.swapcase()),
        "control characters": (f"{known}\x01", f"{first}\x1f{last}", f"\x7f{known}\x0b"),
        "punctuation": (*_PUNCTUATION, *_beside(_BESIDE_PLAIN, words)),
        "languages": (*_LANGUAGES, *_beside(_BESIDE_FOREIGN, words)),
    }


def _words(texts: Sequence[str]) -> list[str]:
    """A few different words of more than one letter."""
    found = dict.fromkeys(word for text in texts for word in text.split() if len(word) > 1)
    return list(found)[:_WORDS] or ["word"]


def _beside(patterns: Sequence[str], words: Sequence[str]) -> list[str]:
    return [pattern.replace("{}", word) for pattern in patterns for word in words]
