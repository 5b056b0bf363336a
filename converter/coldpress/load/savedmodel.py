"""TensorFlow SavedModels, with the one signature that is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["SavedModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedModel:
    """A SavedModel and one of its signatures.

    Attributes:
        loaded: What `tf.saved_model.load` gave; it keeps the function's variables alive.
        signature: The signature's name, such as ``serving_default``.
        function: Its concrete function, which takes keyword tensors and gives a dictionary.
    """

    loaded: Any
    signature: str
    function: Any
