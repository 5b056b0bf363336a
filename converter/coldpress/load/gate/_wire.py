"""How much a model's bytes hold, counted before they are parsed, and whether its texts are texts.

An empty node takes two bytes in a file and over seventy in memory (measured with protobuf 7), so
that ten megabytes become the better part of a gigabyte: the caps come too late once that is there.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import onnx

from coldpress.errors import LoadError

__all__ = ["check_counts"]

_MOST_MESSAGES = 2_000_000
# Texts in a list take sixteen times what an empty one takes in a file; vocabularies are long.
_MOST_TEXTS = 16_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10
_MORE = 128  # the bit of a number's byte that says that there is another
# Numbers in a row, such as a forest's thresholds, each with its key: they take what they need.
_NUMBERS = re.compile(
    rb"(?:[\x08\x10\x18\x20\x28\x30\x38\x40\x48\x50\x58\x60\x68\x70\x78][\x80-\xff]{0,9}+[\0-\x7f]"
    rb"|[\x0d\x15\x1d\x25\x2d\x35\x3d\x45\x4d\x55\x5d\x65\x6d\x75\x7d].{4}"
    rb"|[\x09\x11\x19\x21\x29\x31\x39\x41\x49\x51\x59\x61\x69\x71\x79].{8}){1,10000}+",
    re.DOTALL,
)


def check_counts(name: str, data: bytes) -> None:
    """Refuse bytes with far more nodes, tensors, texts or the like than any model has.

    Raises:
        LoadError: There are more than two million parts or sixteen million texts, at whatever
            depth, a text is no UTF-8, or the bytes are no protocol buffer.
    """
    messages = texts = 0
    try:
        for is_message in _parts(data):
            messages += is_message
            texts += not is_message
            if messages > _MOST_MESSAGES or texts > _MOST_TEXTS:
                raise LoadError(
                    f"{name} has more than {_MOST_MESSAGES:,} nodes, tensors and the like, or "
                    f"{_MOST_TEXTS:,} texts, which is more than is opened"
                )
    except UnicodeDecodeError as error:
        raise LoadError(
            f"{name} has a name or another text that is no UTF-8; it is damaged, or was written "
            "by a broken exporter"
        ) from error
    except (ValueError, IndexError) as error:
        raise LoadError(f"{name} is no ONNX file that can be read") from error


def _parts(data: bytes) -> Iterator[bool]:
    """For each message, text and run of bytes, wherever it stands, whether it is a message."""
    waiting = [(onnx.ModelProto.DESCRIPTOR, 0, len(data))]
    while waiting:
        kind, start, end = waiting.pop()
        messages, texts = _known(kind)
        for field, first, stop in _fields(data, start, end):
            inner = messages.get(field)
            yield inner is not None
            if inner is None:
                if field in texts:
                    data[first:stop].decode()
            elif stop > first:
                waiting.append((inner, first, stop))


@cache
def _known(kind: Any) -> tuple[dict[int, Any], frozenset[int]]:  # noqa: ANN401 - a descriptor
    """A message's fields: those of messages with what these are, and those of text."""
    messages = {field.number: field.message_type for field in kind.fields if field.message_type}
    texts = {field.number for field in kind.fields if field.type == field.TYPE_STRING}
    return messages, frozenset(texts)


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the content of each field that has a length."""
    while at < end:
        key = data[at]
        if key & 7 == _BYTES and key < _MORE and data[at + 1] < _MORE:
            # Short ones, which are nearly all, without a call for each number.
            at += 2
            stop = at + data[at - 1]
        elif run := _NUMBERS.match(data, at, end):
            at = run.end()
            continue
        else:
            key, at = _varint(data, at)
            stop = _end(key & 7, data, at)
            if key & 7 == _BYTES:
                at = _varint(data, at)[1]
        if stop > end:
            raise ValueError(stop)
        if key & 7 == _BYTES:
            yield key >> 3, at, stop
        at = stop


def _end(kind: int, data: bytes, at: int) -> int:
    """Where the content of a field ends."""
    if kind in _FIXED:
        return at + _FIXED[kind]
    if kind not in (_BYTES, _VARINT):
        raise ValueError(kind)
    value, stop = _varint(data, at)
    return stop + value if kind == _BYTES else stop


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = 0
    for index in range(_LONGEST_VARINT):
        byte = data[at + index]
        value |= (byte & 127) << 7 * index
        if byte < _MORE:
            return value, at + index + 1
    raise ValueError(at)
