"""Making a model small: one module per technique, picked by name."""

from ._compress import Compressed, compress
from ._frames import Cutting

__all__ = ["Compressed", "Cutting", "compress"]
