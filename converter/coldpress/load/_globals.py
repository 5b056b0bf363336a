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
import pickle
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ._arrays import Unsure, array_bytes, checked_wrapper, holds_objects

__all__ = ["GlobalNames", "find_globals", "globals_of"]

# Nobody has said yet that the file is trusted, so what the search takes is bounded: an opcode is
# a byte in the file and at most a few hundred bytes in memory.
_MOST_OPCODES = 4_000_000
_MOST_NAMES = 10_000
_ALWAYS_FINE = 64 * 1024**2
_MOST_RATIO = 100
_LARGEST = 1 << 30
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
        complete: Whether the search came to the pickle's end, and saw all that a load would see.
    """

    names: tuple[str, ...]
    complete: bool


def find_globals(data: bytes) -> GlobalNames:
    """The globals that a pickle or joblib file names; nothing of it is imported or called.

    Args:
        data: The file's bytes, plain or compressed as joblib does it.
    """
    return globals_of([data])


def globals_of(pickles: Iterable[bytes]) -> GlobalNames:
    """The same of pickles that are not in memory all at once; one bound is for all of them."""
    names: set[str] = set()
    opcodes = _Opcodes(_Walker.dispatch)
    complete = True
    for data in pickles:
        complete &= _walk(data, names, opcodes)
    return GlobalNames(names=tuple(sorted(names)), complete=complete)


def _walk(data: bytes, names: set[str], opcodes: _Opcodes) -> bool:
    """Add a pickle's globals to the names; whether all of it was seen."""
    try:
        walker = _Walker(_plain(data), names, opcodes)
        walker.load()
    except Exception:  # noqa: BLE001 - a crafted file can fail anywhere; what was found still counts
        return False
    return not walker.odd


def _is_odd(module: str, name: str) -> bool:
    """Whether a global could be one of joblib's readers of raw data in a form not known here."""
    known = (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper")
    return not known and (module.partition(".")[0] == "joblib" or "ArrayWrapper" in name)


def _plain(data: bytes) -> io.BytesIO:
    most = min(_LARGEST, max(_ALWAYS_FINE, _MOST_RATIO * len(data)))
    for magic, reader in _READERS:
        if data.startswith(magic):
            return _bounded(reader(io.BytesIO(data)), most)
    if data.startswith(_ZLIB):
        return io.BytesIO(zlib.decompressobj().decompress(data, most))
    return io.BytesIO(data)


def _bounded(stream: Any, most: int) -> io.BytesIO:  # noqa: ANN401 - three packages' file objects
    plain = io.BytesIO()
    while plain.tell() < most and (block := stream.read(_BLOCK)):
        plain.write(block)
    plain.seek(0)
    return plain


class _Inert:
    """Stands for whatever a pickle names: takes any arguments and state, and does nothing."""

    args: tuple[object, ...] = ()
    state: object = None

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


class _Tuple(tuple[object, ...]):
    """A tuple that is itself only: to hash one of tuples of tuples may never end."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


class _Opcodes(dict[int, Callable[[Any], None]]):
    """The unpickler's table, which stops after so many opcodes."""

    left = _MOST_OPCODES

    def __getitem__(self, opcode: int) -> Callable[[Any], None]:
        """The method for an opcode."""
        self.left -= 1
        if self.left < 0:
            raise Unsure("too many opcodes")
        return super().__getitem__(opcode)


class _Walker(pickle._Unpickler):  # noqa: SLF001 - see the module
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(
        pickle._Unpickler.dispatch  # noqa: SLF001 - as above
    )

    def __init__(
        self, file: io.BytesIO, names: set[str], opcodes: _Opcodes, *, arrays: bool = True
    ) -> None:
        super().__init__(file)
        self.dispatch = opcodes  # type: ignore[misc]  # one count for all that are nested
        self._raw = file
        self._names = names
        self._arrays = arrays
        self.odd = False
        self._classes: dict[tuple[str, str], type[_Inert]] = {}

    def find_class(self, module: str, name: str) -> type[_Inert]:
        self._names.add(f"{module}.{name}")
        self.odd |= _is_odd(module, name)
        if len(self._names) > _MOST_NAMES:
            raise Unsure("too many names")
        key = module, name
        if key not in self._classes:
            self._classes[key] = type(name, (_Inert,), {"__module__": module})
        return self._classes[key]

    def persistent_load(self, pid: object) -> _Inert:
        return _Inert(pid)

    def load_bytearray8(self) -> None:
        # Python's own takes as much memory as the file says before it looks whether it is there.
        size = int.from_bytes(self._taken(8), "little")
        self.append(bytearray(self._taken(size)))  # type: ignore[attr-defined]  # as below

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def _taken(self, size: int) -> bytes:
        data: bytes = self.read(size)  # type: ignore[attr-defined]  # as below
        return data

    def load_frozenset(self) -> None:
        self.pop_mark()  # type: ignore[attr-defined]  # as below
        self.append(_Inert())  # type: ignore[attr-defined]  # as below

    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def load_build(self) -> None:
        super().load_build()  # type: ignore[misc]  # typeshed leaves the opcodes' methods out
        stack: list[Any] = self.stack  # type: ignore[attr-defined]  # as above
        if not self._arrays:
            return
        if type(stack[-1]).__name__ == "NumpyArrayWrapper":
            self._skip_array(checked_wrapper(stack[-1]))
            # As joblib does: what is built upon from here on is the array.
            stack[-1] = _Inert()
        elif any(getattr(made, "__name__", "") == "NumpyArrayWrapper" for made in _args(stack[-1])):
            raise Unsure("a wrapper made in another way")

    dispatch[pickle.BUILD[0]] = load_build

    def _skip_array(self, state: dict[str, Any]) -> None:
        # joblib.numpy_pickle.NumpyArrayWrapper.read: objects are a pickle of their own, in which
        # there are no wrappers; other data follow a byte that says how long the padding is, where
        # the wrapper has an alignment.
        if holds_objects(state["dtype"]):
            _Walker(self._raw, self._names, self.dispatch, arrays=False).load()  # type: ignore[arg-type]  # as given
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._raw.seek(self._raw.read(1)[0], io.SEEK_CUR)
        end = self._raw.tell() + array_bytes(state["dtype"], state["shape"])
        if end > len(self._raw.getbuffer()):
            raise Unsure("longer than the file")
        self._raw.seek(end)


def _args(value: object) -> tuple[object, ...]:
    return value.args if isinstance(value, _Inert) else ()


def _alone(opcode: Callable[[Any], None]) -> Callable[[Any], None]:
    """An opcode that makes a tuple, which is then one of ours."""

    def load(walker: Any) -> None:  # noqa: ANN401 - a walker
        opcode(walker)
        walker.stack[-1] = _Tuple(walker.stack[-1])

    return load


for _opcode in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
    _Walker.dispatch[_opcode[0]] = _alone(_Walker.dispatch[_opcode[0]])
