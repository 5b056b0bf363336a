"""How many bytes a model has in a store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from coldpress.onnx_file import OnnxFile
from coldpress.packing import pack_blob

__all__ = ["stored_bytes"]


def stored_bytes(model: OnnxFile, folder: Path) -> int:
    """Size of its graph and its weights as they are packed for a bundle.

    Raises:
        OSError: The folder has no room to pack large ones.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        size = pack_blob(model.graph, Path(name), role="model").blob.size
        if model.weights:
            size += pack_blob(model.weights, Path(name), role="weights").blob.size
    return size
