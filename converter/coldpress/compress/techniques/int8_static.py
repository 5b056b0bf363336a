"""Convolutions in int8, with ranges measured on rows of the sample."""

from __future__ import annotations

from functools import partial

import onnx

from coldpress.errors import CompressionError
from coldpress.quiet import quietly

from ._calibration import rows_to_calibrate
from ._candidate import Candidate, Material
from ._processor import saturates
from .stored_int8 import store_int8

__all__ = ["CANDIDATES"]

_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_HEAVY = ["Conv", "ConvTranspose", "Gemm", "MatMul"]


def _build(material: Material, *, operators: list[str] | None) -> onnx.ModelProto:
    from onnxruntime.quantization import (  # noqa: PLC0415 - half a second
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    if not any(node.op_type in _CONVOLUTIONS for node in material.model.proto().graph.node):
        raise CompressionError("there is no convolution in it")
    path = material.folder / "quantised.onnx"
    with quietly():
        quantize_static(
            material.prepared(),
            path,
            rows_to_calibrate(material),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operators,
            per_channel=True,
            reduce_range=saturates(),
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    made = onnx.load(path)
    path.unlink()
    return store_int8(made)


CANDIDATES = (
    Candidate(name="int8 static", technique="int8", build=partial(_build, operators=None)),
    Candidate(
        name="int8 static, products only",
        technique="int8",
        build=partial(_build, operators=_HEAVY),
    ),
)
