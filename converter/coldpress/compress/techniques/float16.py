"""The whole graph in float16, but for what it takes and gives; most CPUs cast it back and forth."""

from __future__ import annotations

import onnx

from coldpress.quiet import quietly

from ._candidate import Candidate, Material

__all__ = ["CANDIDATES"]


def _build(material: Material) -> onnx.ModelProto:
    with quietly():
        # onnxruntime's, which mends what onnxconverter-common's gets wrong.
        from onnxruntime.transformers.float16 import (  # noqa: PLC0415 - it logs when imported
            convert_float_to_float16,
        )

        made: onnx.ModelProto = convert_float_to_float16(material.model.whole(), keep_io_types=True)
    return made


CANDIDATES = (Candidate(name="fp16 throughout", technique="fp16", build=_build),)
