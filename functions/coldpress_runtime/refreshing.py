"""A channel read again: the version that it points to by now is tried, and only then served.

All of it happens in a thread of its own, beside the requests, which the version before answers.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import PredictionFailed, RequestError, RuntimeFault, SwapFailed
from .fetching import Artifact, fetch, store_of
from .golden_check import check_golden
from .loading import LoadedModel, as_unavailable, let_go
from .session import DTYPES
from .settings import Settings
from .store import resolve

if TYPE_CHECKING:
    from .artifact import TensorSpec
    from .models import Slot
    from .pointers import ModelUri
    from .telemetry import Telemetry

__all__ = ["refresh", "warm"]


class _Open(Protocol):
    """Opens a fetched model, with room made for it beside the one that is in its place."""

    def __call__(self, slot: Slot, artifact: Artifact, began: float) -> LoadedModel: ...


def refresh(slot: Slot, settings: Settings, open_it: _Open, telemetry: Telemetry | None) -> None:
    """Read a slot's channel, and serve the version that it points to if that holds.

    Whatever goes wrong, the version before stays; it is logged once for each version, and tried
    again when the channel is old again.

    Args:
        slot: The model's place.
        settings: How models are fetched.
        open_it: Opens a fetched model.
        telemetry: What is told of a swap or a refusal, if anybody is.
    """
    old, pinned = slot.model, None
    if old is None:  # it left; whoever asks for it next reads the channel
        return
    try:
        pinned = resolve(store_of(slot.uri.root, settings.fetch), slot.uri)
        if pinned.digest == old.version:
            slot.refused = ""
            return
        new = _tried(slot, pinned, settings, open_it)
    except Exception as error:  # noqa: BLE001 - a thread that fails shall fail no request
        _refuse(slot, old, pinned, error, telemetry)
        return
    _swap(slot, old, new, telemetry)


def warm(model: LoadedModel, *, most_values: int) -> None:
    """Have a model answer zeros, or empty strings; they may be nothing that it can take.

    Args:
        model: The model.
        most_values: How many values a request may have; a model whose rows are larger stays cold.
    """
    tensors = {spec.name: _zeros(spec) for spec in model.manifest.signature.inputs}
    if sum(array.size for array in tensors.values()) > most_values:
        return
    try:
        model.session.run({name: np.array(array) for name, array in tensors.items()})
    except (RequestError, PredictionFailed):
        return


def _tried(slot: Slot, pinned: ModelUri, settings: Settings, open_it: _Open) -> LoadedModel:
    began = time.perf_counter()
    model = open_it(slot, fetch(pinned, settings.fetch), began)
    try:
        warm(model, most_values=settings.limits.elements)
        check_golden(model, pinned, settings)
    except BaseException:
        let_go(model.manifest)
        raise
    return model


def _swap(slot: Slot, old: LoadedModel, new: LoadedModel, telemetry: Telemetry | None) -> None:
    with slot.loading:
        if slot.model is not old:  # it left in the meantime, and its memory is another's
            let_go(new.manifest)
            return
        slot.model = new
    let_go(old.manifest)
    slot.refused = ""
    if telemetry is not None:
        telemetry.swapped(old, new)


def _refuse(
    slot: Slot,
    old: LoadedModel,
    pinned: ModelUri | None,
    cause: Exception,
    telemetry: Telemetry | None,
) -> None:
    fault = cause if isinstance(cause, RuntimeFault) else as_unavailable(cause)
    refused = pinned.digest if pinned else fault.code
    if slot.refused == refused:
        return
    slot.refused = refused
    what = f"version {pinned.digest} of" if pinned else "what channel"
    error = SwapFailed(
        f"{what} '{slot.uri.name}@{slot.uri.channel}' can't be served, and {old.version} still is: "
        f"{fault}",
        cause=fault.code,
    )
    error.__cause__ = cause
    if telemetry is not None:
        telemetry.failure(str(error), error)


def _zeros(spec: TensorSpec) -> Any:  # noqa: ANN401 - numpy's arrays of any type
    """An array of the smallest shape that takes no memory before it is copied."""
    kind = DTYPES[spec.datatype]
    shape = [1 if size < 0 else size for size in spec.shape]
    return np.broadcast_to(np.array("" if kind.hasobject else 0, dtype=kind), shape)
