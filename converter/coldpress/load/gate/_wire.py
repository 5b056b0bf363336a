"""How much a model's bytes hold, counted before they are parsed.

An empty node takes two bytes in a file and over seventy in memory (measured with protobuf 7), so
that ten megabytes become the better part of a gigabyte: the caps come too late once that is there.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coldpress.errors import LoadError

__all__ = ["check_counts"]

# onnx.proto: what holds other things, by the message and field that it stands in. A graph has
# nodes, they have attributes, and these have graphs again.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {6: "graph", 11: "graph"},
}
# AttributeProto.floats and .ints, one after the other: a forest has millions, each a number only.
_RUN = re.compile(rb"(?:\x3d.{4}){8,}|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f]){8,}", re.DOTALL)
_MOST_FIELDS = 2_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


def check_counts(name: str, data: bytes) -> None:
    """Refuse bytes with far more nodes, tensors or functions than any model has.

    Raises:
        LoadError: There are more than two million, or the bytes are no protocol buffer.
    """
    try:
        for count, _ in enumerate(_parts(data)):
            if count > _MOST_FIELDS:
                raise LoadError(
                    f"{name} has more than {_MOST_FIELDS:,} nodes, tensors and attributes, which "
                    "is more than is opened"
                )
    except (ValueError, IndexError) as error:
        raise LoadError(f"{name} is no ONNX file that can be read") from error


def _parts(data: bytes) -> Iterator[None]:
    """One for each field of each message that can hold others, at any depth."""
    waiting = [("model", 0, len(data))]
    while waiting:
        kind, start, end = waiting.pop()
        inside = _INSIDE[kind]
        for field, at, stop in _fields(data, start, end):
            yield
            if field in inside:
                waiting.append((inside[field], at, stop))


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field's content in a message, runs of numbers left out."""
    while at < end:
        if run := _RUN.match(data, at, end):
            at = run.end()
            continue
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _BYTES:
            length, at = _varint(data, at)
            stop = at + length
        elif kind == _VARINT:
            _, stop = _varint(data, at)
        elif kind in _FIXED:
            stop = at + _FIXED[kind]
        else:
            raise ValueError(kind)
        if stop > end:
            raise ValueError(stop)
        yield key >> 3, at, stop
        at = stop


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = 0
    for index in range(_LONGEST_VARINT):
        byte = data[at + index]
        value |= (byte & 127) << 7 * index
        if byte < 128:  # noqa: PLR2004 - the bit that says that there is more
            return value, at + index + 1
    raise ValueError(at)
