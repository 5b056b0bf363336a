"""What loading gives: a live model and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["TrainedModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A trained model in memory.

    Attributes:
        framework: Which exporter takes it: a name of
            `coldpress.load._frameworks`, such as ``scikit-learn``.
        format: The file's suffix without the dot, or ``object`` for a live object.
        model: The framework's own object; for ``onnx``, the file's bytes with everything inside.
        sha256: Digest of the model file; empty for a live object.
        packages: Distributions whose versions decide what the export is.
        size: Length of the model's file in bytes; 0 for a live object.
    """

    framework: str
    format: str
    model: Any
    sha256: str
    packages: tuple[str, ...]
    size: int = 0
