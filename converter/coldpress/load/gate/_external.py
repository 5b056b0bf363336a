"""External data: files beside the model, and never anything else of the machine."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from coldpress.errors import LoadError

from ._tensors import bytes_of
from ._walk import all_tensors

__all__ = ["check_external"]

_DRIVE = re.compile(r"[A-Za-z]:")


def check_external(name: str, model: onnx.ModelProto, folder: Path) -> bool:
    """Refuse external data that is not a plain file in the model's folder, or too short.

    Args:
        name: What to call the model in messages.
        model: The model.
        folder: Where its file lies.

    Returns:
        Whether there is any.

    Raises:
        LoadError: A path is absolute, leaves the folder, is a link or no file; or the file ends
            before the tensor does.
    """
    outside = [tensor for tensor in all_tensors(model) if uses_external_data(tensor)]
    for tensor in outside:
        _check(name, tensor, folder)
    return bool(outside)


def _check(name: str, tensor: onnx.TensorProto, folder: Path) -> None:
    info: Any = ExternalDataInfo(tensor)  # onnx declares its numbers as None
    what = f"tensor '{tensor.name:.64}' of {name}"
    size = _plain_size(what, str(info.location), folder)
    offset, wanted = int(info.offset or 0), bytes_of(tensor)
    length = size - offset if info.length is None else int(info.length)
    if offset < 0 or length != wanted or offset + length > size:
        raise LoadError(
            f"{what} needs {wanted:,} bytes from byte {offset:,} of '{info.location:.80}', which "
            f"has {size:,}, and says {length:,}; the files are damaged or don't belong together"
        )


def _plain_size(what: str, location: str, folder: Path) -> int:
    """Length of a file that lies in the folder, under a plain relative name, and is no link."""
    parts = location.replace("\\", "/").split("/")
    if not location or location.startswith(("/", "\\")) or _DRIVE.match(location) or ".." in parts:
        raise LoadError(
            f"{what} keeps its data at '{location:.80}', outside the model's folder, which is "
            "never read; put the file beside the model"
        )
    current = folder
    for part in parts:
        current /= part
        if current.is_symlink():
            raise LoadError(f"{what} keeps its data behind a link, '{location:.80}'; copy the file")
    try:
        found = current.lstat()
    except OSError as error:
        raise LoadError(
            f"{what} keeps its data in '{location:.80}', which can't be read: {error.strerror}"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise LoadError(f"{what} keeps its data in '{location:.80}', which is no plain file")
    return found.st_size
