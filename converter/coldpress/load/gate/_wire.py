"""How much a model's bytes hold, counted before they are parsed.

An empty node takes two bytes in a file and over seventy in memory (measured with protobuf 7), so
that ten megabytes become the better part of a gigabyte: the caps come too late once that is there.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from coldpress.errors import LoadError

__all__ = ["check_counts"]

# onnx.proto: ModelProto.graph and .functions, which hold nearly all that there is.
_PARTS = frozenset({7, 25})
_MOST_FIELDS = 2_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


def check_counts(name: str, data: bytes) -> None:
    """Refuse bytes with far more nodes, tensors or functions than any model has.

    Raises:
        LoadError: There are more than two million, or the bytes are no protocol buffer.
    """
    count = 0
    try:
        for field, start, end in _fields(data, 0, len(data)):
            parts = _fields(data, start, end) if field in _PARTS else iter(())
            for _ in parts:
                count += 1
                if count > _MOST_FIELDS:
                    raise LoadError(
                        f"{name} has more than {_MOST_FIELDS:,} nodes and tensors, which is more "
                        "than is opened"
                    )
    except (ValueError, IndexError) as error:
        raise LoadError(f"{name} is no ONNX file that can be read") from error


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field's content in a message."""
    while at < end:
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
