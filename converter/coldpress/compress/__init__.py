"""Making a model smaller: what loses nothing first, then what loses a little, each behind gates."""

from ._press import Pressed, press
from .simplify import simplified

__all__ = ["Pressed", "press", "simplified"]
