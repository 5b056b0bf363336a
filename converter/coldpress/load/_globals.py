"""Which globals a pickle names, found by walking its opcodes with nothing behind the names.

Python's own unpickler, written in Python, does the walking: its stack and memo give each name
exactly as a real load would ask for it, which a search over `pickletools` opcodes can be led
astray from. Every name it asks for becomes an inert stand-in, so nothing is imported or called.
joblib's files need one thing more: raw array data stands between their opcodes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import pickle
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

__all__ = ["GlobalNames", "find_globals"]

_LARGEST = 1 << 30
_KEYS = (str, bytes, int, float, type(None))
_BLOCK = 1 << 20

# First bytes → how joblib compressed the file. lz4 is joblib's only other, and needs a package.
_READERS: tuple[tuple[bytes, Callable[[io.BytesIO], Any]], ...] = (
    (b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"\x5d\x00", lzma.LZMAFile),
)
_ZLIB = b"\x78"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalNames:
    """What was found.

    Attributes:
        names: ``module.name`` of each global, sorted, each once.
        complete: Whether the search came to the pickle's end.
    """

    names: tuple[str, ...]
    complete: bool


def find_globals(data: bytes) -> GlobalNames:
    """The globals that a pickle or joblib file names; nothing of it is imported or called.

    Args:
        data: The file's bytes, plain or compressed as joblib does it.
    """
    names: set[str] = set()
    try:
        _Walker(io.BytesIO(_plain(data)), names).load()
    except Exception:  # noqa: BLE001 - a crafted file can fail anywhere; what was found still counts
        return GlobalNames(names=tuple(sorted(names)), complete=False)
    return GlobalNames(names=tuple(sorted(names)), complete=True)


def _plain(data: bytes) -> bytes:
    for magic, reader in _READERS:
        if data.startswith(magic):
            return _bounded(reader(io.BytesIO(data)))
    if data.startswith(_ZLIB):
        return zlib.decompressobj().decompress(data, _LARGEST)
    return data


def _bounded(stream: Any) -> bytes:  # noqa: ANN401 - three packages' file objects
    blocks, size = [], 0
    while size < _LARGEST and (block := stream.read(_BLOCK)):
        blocks.append(block)
        size += len(block)
    return b"".join(blocks)


class _Inert:
    """Stands for whatever a pickle names: takes any arguments and state, and does nothing."""

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *args: object, **_kwargs: object) -> None:
        self.args = args

    def __call__(self, *args: object, **_kwargs: object) -> _Inert:
        """Stand for what a call would give."""
        return _Inert(*args)

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        """Ignore an item of a dict's subclass."""

    def append(self, value: object) -> None:
        """Ignore an item of a list's subclass."""

    def add(self, value: object) -> None:
        """Ignore an item of a set's subclass."""


class _Walker(pickle._Unpickler):  # noqa: SLF001 - see the module
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(
        pickle._Unpickler.dispatch  # noqa: SLF001 - as above
    )

    def __init__(self, file: io.BytesIO, names: set[str]) -> None:
        super().__init__(file)
        self._raw = file
        self._size = file.getbuffer().nbytes
        self._names = names

    def find_class(self, module: str, name: str) -> type[_Inert]:
        self._names.add(f"{module}.{name}")
        return type(name, (_Inert,), {"__module__": module})

    def persistent_load(self, pid: object) -> _Inert:
        return _Inert(pid)

    def load_build(self) -> None:
        super().load_build()  # type: ignore[misc]  # typeshed leaves the opcodes' methods out
        value = self.stack[-1]  # type: ignore[attr-defined]  # as above
        if type(value).__name__ == "NumpyArrayWrapper":
            self._skip_array(value.state)

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        # Python takes the memory before it looks whether there is so much to read.
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]  # as above
        if size > self._size:
            raise ValueError("more is promised than there is")
        self.append(bytearray(self.read(size)))  # type: ignore[attr-defined]  # as above

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    # Nothing is kept under a key that would have to be hashed first: a tuple of tuples of tuples
    # takes a few bytes and no end.

    def load_dict(self) -> None:
        items = self.pop_mark()  # type: ignore[attr-defined]  # as above
        self.append({})  # type: ignore[attr-defined]  # as above
        self._put(items)

    dispatch[pickle.DICT[0]] = load_dict

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()  # type: ignore[attr-defined]  # as above
        self._put([key, value])

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        self._put(self.pop_mark())  # type: ignore[attr-defined]  # as above

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def load_additems(self) -> None:
        self.pop_mark()  # type: ignore[attr-defined]  # as above

    dispatch[pickle.ADDITEMS[0]] = load_additems

    def load_frozenset(self) -> None:
        self.pop_mark()  # type: ignore[attr-defined]  # as above
        self.append(frozenset())  # type: ignore[attr-defined]  # as above

    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]  # type: ignore[attr-defined]  # as above
        if isinstance(target, dict):
            pairs = zip(items[::2], items[1::2], strict=True)
            target.update((key, value) for key, value in pairs if isinstance(key, _KEYS))

    def _skip_array(self, state: dict[str, Any]) -> None:
        # joblib.numpy_pickle.NumpyArrayWrapper.read: objects are a pickle of their own; other
        # data follow a byte that says how long the padding is, where the wrapper has an alignment.
        if _holds_objects(state["dtype"]):
            _Walker(self._raw, self._names).load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._raw.seek(self._raw.read(1)[0], io.SEEK_CUR)
        if any(int(length) < 0 for length in state["shape"]):
            raise ValueError("an array with a negative length")
        size = _itemsize(state["dtype"]) * math.prod(int(length) for length in state["shape"])
        if size > self._size - self._raw.tell():
            raise ValueError("more is promised than there is")
        self._raw.seek(size, io.SEEK_CUR)


def _holds_objects(dtype: Any) -> bool:  # noqa: ANN401 - an inert numpy.dtype
    code = dtype.args[0]
    if not str(code).startswith("V"):
        return bool(np.dtype(code).hasobject)
    # A record's fields stand in the state: (version, order, …, names, fields, itemsize, …).
    fields = dtype.state[4] or {}
    return any(_holds_objects(field[0]) for field in fields.values())


def _itemsize(dtype: Any) -> int:  # noqa: ANN401 - as above
    code = str(dtype.args[0])
    return int(dtype.state[5]) if code.startswith("V") else np.dtype(code).itemsize
