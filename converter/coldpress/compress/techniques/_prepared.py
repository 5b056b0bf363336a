"""onnxruntime's own preparation for its quantisers, with the ways round where it fails."""

from __future__ import annotations

from pathlib import Path

import onnx

from coldpress.quiet import quietly

__all__ = ["write_prepared"]

# Symbolic shapes are of use for transformers, and fail on some; so does, rarely, the optimiser.
_WAYS: tuple[dict[str, bool], ...] = (
    {},
    {"skip_symbolic_shape": True},
    {"skip_symbolic_shape": True, "skip_optimization": True},
)


def write_prepared(model: onnx.ModelProto, path: Path) -> None:
    """Infer shapes and fold constants; the model as it is where nothing of that can be done."""
    from onnxruntime.quantization.shape_inference import (  # noqa: PLC0415 - only for who needs it
        quant_pre_process,
    )

    for options in _WAYS:
        try:
            with quietly():
                quant_pre_process(model, path, **options)
        except Exception:  # noqa: BLE001, S112 - it raises whatever it stumbles over
            continue
        return
    onnx.save(model, path)
