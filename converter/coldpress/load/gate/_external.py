"""External data may lie only in plain files right beside the model, and must all be there."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto
from onnx.external_data_helper import uses_external_data

from coldpress.errors import LoadError
from coldpress.onnx_parts import tensors

from ._tensors import needed_bytes

__all__ = ["check_external"]

# onnx.proto: TensorProto.external_data. onnxruntime reads further keys, which say how it packed.
_KEYS = frozenset({"location", "offset", "length", "checksum"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a tensor's data lie: a plain file name, and bytes of that file."""

    location: str
    offset: int
    length: int


def check_external(name: str, model: onnx.ModelProto, folder: Path | None) -> int:
    """Refuse a model whose data lie elsewhere than in plain files of its own folder.

    Args:
        name: What to call it in a message.
        model: The model, whose tensors have passed `check_tensors`.
        folder: The model's folder; None for a model in memory.

    Returns:
        How many bytes lie outside, each tensor counted.

    Raises:
        LoadError: A location is absolute, leads out of the folder or below it, is a link or no
            plain file, or is shorter than a tensor's offset and length.
    """
    outside = [tensor for tensor in tensors(model) if uses_external_data(tensor)]
    sizes: dict[str, int] = {}
    total = 0
    for tensor in outside:
        place = _place(name, tensor)
        if folder is None:
            raise _homeless(name, tensor, place.location)
        if place.location not in sizes:
            sizes[place.location] = _size(name, tensor, folder / place.location)
        _check_extent(name, tensor, place, sizes[place.location])
        total += place.length
    return total


def _place(name: str, tensor: TensorProto) -> _Place:
    said = f"{name} keeps '{tensor.name:.64}' in another file"
    entries: dict[str, str] = {}
    for entry in tensor.external_data:
        # Readers differ in which of two they take.
        if entry.key in entries or entry.key not in _KEYS:
            raise LoadError(f"{said} and has a repeated or unknown '{entry.key:.40}' for it")
        entries[entry.key] = entry.value
    location = entries.get("location", "")
    if not _is_plain(location):
        raise LoadError(
            f"{said}, '{location:.80}', which is not right beside it; put it into the same folder, "
            "and save the model again with that location"
        )
    numbers = _numbers(said, entries)
    need = needed_bytes(tensor)
    length = numbers.get("length", need)
    if length != need:
        raise LoadError(f"{said} and says that it takes {length:,} bytes; by its shape, {need:,}")
    return _Place(location=location, offset=numbers.get("offset", 0), length=need)


def _is_plain(location: str) -> bool:
    if location in ("", ".", "..") or "\0" in location:
        return False
    # Also what only Windows takes for a path, such as C:x.
    return not any(sign in location for sign in "/\\:")


def _numbers(said: str, entries: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is None:
            continue
        # Just digits: int() would take signs, spaces and underscores, which C++ takes otherwise.
        if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - of 2**63
            raise LoadError(f"{said} at an {key} that is no number, '{text:.40}'")
        found[key] = int(text)
    return found


def _size(name: str, tensor: TensorProto, path: Path) -> int:
    said = f"{name} keeps '{tensor.name:.64}' in another file, '{path.name:.80}'"
    try:
        found = os.lstat(path)
    except (OSError, ValueError) as error:
        raise LoadError(f"{said}, which is not there; put it beside the model") from error
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise LoadError(
            f"{said}, which is a link or no plain file, and could stand for any; put a copy of the "
            "data there"
        )
    return found.st_size


def _check_extent(name: str, tensor: TensorProto, place: _Place, size: int) -> None:
    if place.offset + place.length > size:
        raise LoadError(
            f"{name} keeps '{tensor.name:.64}' in '{place.location:.80}' up to byte "
            f"{place.offset + place.length:,}, and that file has {size:,}; it is cut off, or "
            "another model's"
        )


def _homeless(name: str, tensor: TensorProto, location: str) -> LoadError:
    return LoadError(
        f"{name} keeps '{tensor.name:.64}' in another file, '{location:.80}', and bytes do "
        "not say in which folder; export the .onnx file, or give what onnx.load(path) returns, "
        "which has it inside"
    )
