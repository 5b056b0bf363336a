"""What every model gets, since no answer changes by it."""

from __future__ import annotations

from dataclasses import replace

from coldpress.onnx_file import OnnxFile, serialised
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.options import SessionOptions

from .passes import (
    bring_back,
    drop_hitrates,
    drop_missing_tracks,
    drop_zero_weights,
    set_aside,
    slim,
)

__all__ = ["simplified", "trimmed"]

_TRIMS = (drop_hitrates, drop_missing_tracks, drop_zero_weights)
# onnxslim holds tensors six times: of what is larger, it sees the small ones only.
_MOST_INSIDE = 128 * 1024**2
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
    made = _slimmed_inside(model) if model.size <= _MOST_INSIDE else _slimmed_aside(model)
    if made is None:
        return model
    try:
        made.open(_ONLY_OPENED)
    except ArtifactError:
        return model
    return made


def _slimmed_inside(model: OnnxFile) -> OnnxFile | None:
    proto, changed = slim(model.whole())
    return replace(model, graph=serialised(proto), folder=None) if changed else None


def _slimmed_aside(model: OnnxFile) -> OnnxFile | None:
    """The same without a look at large tensors, which stay where they are."""
    proto = model.proto()
    aside = set_aside(proto, model.folder)
    proto, changed = slim(proto)
    if not changed:
        return None
    bring_back(proto, aside)
    return replace(model, graph=serialised(proto))
