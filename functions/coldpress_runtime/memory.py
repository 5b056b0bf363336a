"""Several models in one memory: who leaves when another comes.

What a model takes is measured where the system tells what this process holds; before it is open,
and elsewhere, it is estimated from the sizes in its manifest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from .artifact import Manifest
from .loading import LoadedModel, let_go

if TYPE_CHECKING:
    from .models import Slot

__all__ = ["GRAPH_FACTOR", "estimate", "make_room", "open_within", "resident_bytes"]

# An open graph takes 2.1 (a table of embeddings) to 4 times (convolutions, whose weights are packed
# anew) what its file has; forests take 12 times, which only a measurement tells.
GRAPH_FACTOR = 4
_STATM = Path("/proc/self/statm")


def open_within(
    budget: int,
    open_it: Callable[[], LoadedModel],
    manifest: Manifest,
    slot: Slot,
    slots: Iterable[Slot],
) -> LoadedModel:
    """Open a model, with room made for it before and, by what it really takes, after.

    Args:
        budget: Bytes that all models may take.
        open_it: Opens it.
        manifest: What it is.
        slot: Its place. The version that is there stays: it answers until it is replaced.
        slots: All places.
    """
    others = [each for each in slots if each is not slot]
    own = slot.model.usage.memory_bytes if slot.model else 0
    expected = estimate(manifest)
    make_room(budget - own - expected, others)
    import_module(".session", __package__)  # onnxruntime itself is none of the model's
    before = resident_bytes()
    model = open_it()
    model.usage.memory_bytes = max(resident_bytes() - before, manifest.blob("model").unpacked_size)
    if not before:
        model.usage.memory_bytes = expected
    make_room(budget - own - model.usage.memory_bytes, others)
    return model


def make_room(most: int, slots: Iterable[Slot]) -> None:
    """Have the least recently used models leave until the others take no more than so many bytes.

    Requests in flight keep theirs; what it takes is free when the last of them is over.
    """
    held = [(slot, slot.model) for slot in slots if slot.model is not None]
    held.sort(key=lambda pair: pair[0].asked_at)
    total = sum(model.usage.memory_bytes for _, model in held)
    for slot, model in held:
        if total <= most:
            return
        total -= model.usage.memory_bytes
        slot.model = None
        let_go(model.manifest)


def estimate(manifest: Manifest) -> int:
    """Bytes that a model is expected to take: its graph times `GRAPH_FACTOR`, its weights once.

    Weights that lie apart are mapped, and packed by nobody unless the settings say so.
    """
    weights = manifest.weights
    graph = GRAPH_FACTOR * manifest.blob("model").unpacked_size
    return graph + (weights.unpacked_size if weights else 0)


def resident_bytes() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
