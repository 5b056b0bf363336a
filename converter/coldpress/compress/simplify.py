"""What every model gets, since no answer changes by it."""

from __future__ import annotations

from coldpress.onnx_file import OnnxFile

__all__ = ["simplified"]


def simplified(model: OnnxFile) -> OnnxFile:
    """The model without what is computed in vain; itself where nothing can be taken away."""
    return model
