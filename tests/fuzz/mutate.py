"""Requests made a little wrong: what a byte-wise fuzzer hardly ever writes, since it is sound JSON.

Half of the inputs are changed as trees, so that the readers' deeper checks are reached; a header of
a binary request is changed apart from its tensors.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["mutate", "scrambled"]

_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400),
    *(0.5, 1e308, -1e308, 5e-324, 1e-400, -0.0, "", "x", "\x00", "é", "🂡", "\ud800", "1.5", "NaN"),
    *("../..", "FP32", "INT64", "BYTES", "UINT8", "BOOL", "BF16"),
    *([], [[]], [[], [1]], [None], {}, {"": None}, {"b64": "/w=="}, {"b64": 1}, [[[[[[[[1]]]]]]]]),
)
_KEYS = (
    *("inputs", "outputs", "instances", "name", "shape", "datatype", "data", "parameters", "id"),
    *("binary_data", "binary_data_size", "binary_data_output", "signature_name", "columns"),
    *("index", "dataframe_split", "dataframe_records", "params", "b64", ""),
)
_CELLS = (b"", b",", b"\n", b'"', b"\r", b"nan", b"1e999", b"-0", b"\xff", b"\x00", b"1_0", b" 1")
_MOST_NODES = 2_000


def mutate(data: bytes, seed: int, bytewise: Callable[[bytes], bytes]) -> bytes:
    """A change of one request's body.

    Args:
        data: A body that was interesting before.
        seed: What the change is drawn with.
        bytewise: Changes bytes without knowing what they mean.
    """
    chance = random.Random(seed)
    head, tail = _halves(data)
    if head is not None and chance.random() < 0.5:
        tree = _changed(head, chance)
        return _written(tree) + (bytewise(tail) if tail and chance.random() < 0.3 else tail)
    if b"," in data and chance.random() < 0.2:
        return _recut(data, chance)
    return bytewise(data)


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Bytes with a few of them changed, cut off somewhere: what a fuzzer does, without one."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(1, len(changed) + 2)])


def _halves(data: bytes) -> tuple[Any, bytes]:
    """The JSON that a body begins with, or None, and the bytes after it."""
    text = data.decode("latin-1")
    try:
        tree, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, data
    return tree, data[end:]


def _written(tree: Any) -> bytes:
    try:
        return json.dumps(tree, ensure_ascii=True).encode()
    except (ValueError, RecursionError):
        return b"{}"


def _changed(tree: Any, chance: random.Random) -> Any:
    places = _places(tree)
    if not places:
        return chance.choice(_ODD)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        holder, key = chance.choice(places)
        chance.choice(_CHANGES)(holder, key, chance)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every value of a tree, as what holds it and where."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree] if isinstance(tree, dict | list) else []
    while waiting and len(found) < _MOST_NODES:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                waiting.append(node[key])
    return found


def _replace(holder: Any, key: Any, chance: random.Random) -> None:
    if _there(holder, key):
        holder[key] = chance.choice(_ODD)


def _drop(holder: Any, key: Any, _chance: random.Random) -> None:
    if _there(holder, key):
        del holder[key]


def _repeat(holder: Any, key: Any, chance: random.Random) -> None:
    if isinstance(holder, list) and _there(holder, key):
        holder[key:key] = [holder[key]] * chance.choice((1, 1, 3, 50))


def _rename(holder: Any, key: Any, chance: random.Random) -> None:
    if isinstance(holder, dict) and key in holder:
        holder[chance.choice(_KEYS)] = holder.pop(key)


def _wrap(holder: Any, key: Any, chance: random.Random) -> None:
    if _there(holder, key):
        for _ in range(chance.choice((1, 1, 2, 120))):
            holder[key] = [holder[key]] if chance.random() < 0.8 else {"": holder[key]}


def _number(holder: Any, key: Any, chance: random.Random) -> None:
    if _there(holder, key) and isinstance(holder[key], int | float):
        step = chance.choice((-1, 1, 0.5, -2, 2**31, 2**63))
        with suppress(OverflowError):  # some whole numbers are too large to become others
            holder[key] += step


_CHANGES = (_replace, _replace, _drop, _repeat, _rename, _wrap, _number)


def _there(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _recut(data: bytes, chance: random.Random) -> bytes:
    cells = data.split(b",")
    cells[chance.randrange(len(cells))] = chance.choice(_CELLS)
    return b",".join(cells)
