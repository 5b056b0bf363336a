"""Matrix products in int8, the scale of what goes in found as it comes: one for a whole request.

So a row may answer a little otherwise beside others than alone, which the certificate measures.
Never for convolutions: there it is slower, and some kernels are missing
(microsoft/onnxruntime#12854, #15888, #16009).
"""

from __future__ import annotations

from functools import partial

import onnx

from coldpress.errors import CompressionError
from coldpress.quiet import quietly

from ._candidate import Candidate, Material
from ._processor import saturates
from .stored_int8 import store_int8

__all__ = ["CANDIDATES"]

_OPERATORS = ["MatMul", "Gather"]
_MADE = frozenset({"MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"})


def _build(material: Material, *, per_channel: bool) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - half a second

    path = material.folder / "quantised.onnx"
    with quietly():
        quantize_dynamic(
            material.prepared(),
            path,
            op_types_to_quantize=_OPERATORS,
            per_channel=per_channel,
            reduce_range=saturates(),
            weight_type=QuantType.QInt8,
        )
    made = onnx.load(path)
    path.unlink()
    if not any(node.op_type in _MADE for node in made.graph.node):
        raise CompressionError("there is no matrix product with constant weights")
    return store_int8(made)


CANDIDATES = (
    Candidate(name="int8 dynamic", technique="int8", build=partial(_build, per_channel=False)),
    Candidate(
        name="int8 dynamic, per channel", technique="int8", build=partial(_build, per_channel=True)
    ),
)
