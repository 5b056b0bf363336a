"""Dispatch by technique, and the check that the function unpacks what was packed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module

from coldpress.errors import BundleError
from coldpress_runtime.artifact import Blob
from coldpress_runtime.errors import IntegrityError
from coldpress_runtime.unpacking import unpack

__all__ = ["Compressed", "compress"]

# Technique → module of this package that has `pack(model)`, the bytes to store.
_TECHNIQUES = {"lossless": "lossless"}
_PATH = "model.onnx.zst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """A model made small.

    Attributes:
        technique: How.
        stored: The bytes to store.
        blob: What they are, and what they unpack to.
    """

    technique: str
    stored: bytes
    blob: Blob


def compress(model: bytes, technique: str = "lossless") -> Compressed:
    """Make a model small.

    Args:
        model: The ONNX file's bytes.
        technique: ``lossless`` changes no answer.

    Raises:
        BundleError: The function's own unpacking does not give the model back.
    """
    stored: bytes = import_module(f".{_TECHNIQUES[technique]}", __package__).pack(model)
    blob = Blob(
        role="model",
        path=_PATH,
        compression="zstd",
        size=len(stored),
        sha256=hashlib.sha256(stored).hexdigest(),
        unpacked_size=len(model),
        unpacked_sha256=hashlib.sha256(model).hexdigest(),
    )
    try:
        unpack(blob, stored)
    except IntegrityError as error:
        raise BundleError(f"the compressed model does not unpack to the model: {error}") from error
    return Compressed(technique=technique, stored=stored, blob=blob)
