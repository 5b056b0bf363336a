"""Packing what is to be stored, without loss: small blobs whole, large ones in frames."""

from ._frames import Cutting
from ._pack import Packed, pack_blob

__all__ = ["Cutting", "Packed", "pack_blob"]
