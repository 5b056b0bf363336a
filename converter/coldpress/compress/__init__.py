"""Making a model smaller: what loses nothing first, then what loses a little, each behind gates."""

from ._press import Pressed, press
from ._wanted import TECHNIQUES, Wanted
from .simplify import simplified

__all__ = ["TECHNIQUES", "Pressed", "Wanted", "press", "simplified"]
