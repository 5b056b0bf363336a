"""What every model gets, since no answer changes by it."""

from __future__ import annotations

from dataclasses import replace

from coldpress.onnx_file import OnnxFile, serialised
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.options import SessionOptions

from .passes import drop_hitrates, drop_missing_tracks, drop_zero_weights, slim

__all__ = ["simplified", "trimmed"]

_TRIMS = (drop_hitrates, drop_missing_tracks, drop_zero_weights)
# onnxslim holds the tensors three times: what is larger goes without.
_MOST_SLIMMED = 1024**3
# To see whether it opens: packing weights would be most of the time.
_ONLY_OPENED = SessionOptions(prepacking=False)


def simplified(model: OnnxFile) -> OnnxFile:
    """The model without what is computed in vain; itself where nothing can be taken away.

    The same model gives the same bytes, and inputs and outputs stay as they are.
    """
    return _slimmed(trimmed(model))


def trimmed(model: OnnxFile) -> OnnxFile:
    """The model without what nothing reads: every answer stays to the bit."""
    proto, changed = model.proto(), False
    for trim in _TRIMS:
        proto, trimmed = trim(proto)
        changed = changed or trimmed
    return replace(model, graph=serialised(proto)) if changed else model


def _slimmed(model: OnnxFile) -> OnnxFile:
    if model.size > _MOST_SLIMMED:
        return model
    proto, changed = slim(model.whole())
    if not changed:
        return model
    made = replace(model, graph=serialised(proto), folder=None)
    try:
        made.open(_ONLY_OPENED)
    except ArtifactError:
        return model
    return made
