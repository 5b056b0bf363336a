"""Making a model small: one module per technique, picked by name."""

from ._compress import Compressed, compress

__all__ = ["Compressed", "compress"]
