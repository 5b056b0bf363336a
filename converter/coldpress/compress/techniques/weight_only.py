"""Matrices in blocks of 4 or 8 bits, each block with its scale: onnxruntime's `MatMulNBits`."""

from __future__ import annotations

from functools import partial

import onnx

from coldpress.errors import CompressionError
from coldpress.onnx_file import initialisers
from coldpress.quiet import quietly

from ._candidate import Candidate, Material
from ._tensors import graphs_of, is_weight
from .stored_int8 import store_int8

__all__ = ["CANDIDATES"]

_HALF = 4
_RANK = 2
# Unset, products are in float32; 4 rounds what goes in to int8, which is faster.
_ARITHMETIC = {"int8": 4, "float32": None}


def _build(
    material: Material, *, bits: int, block: int, arithmetic: str, operators: tuple[str, ...]
) -> onnx.ModelProto:
    model = material.model.whole()
    opsets = [(opset.domain, opset.version) for opset in model.opset_import]
    with quietly():
        made = _quantised(model, bits=bits, block=block, arithmetic=arithmetic, operators=operators)
    if not any(node.op_type == "MatMulNBits" for g in graphs_of(made.graph) for node in g.node):
        raise CompressionError("there is no matrix product with constant weights")
    # It raises the version for types that only onnxruntime's own operators take here.
    for opset in made.opset_import:
        opset.version = dict(opsets).get(opset.domain, opset.version)
    return store_int8(made)


def _build_mixed(material: Material) -> onnx.ModelProto:
    """Products in 4 bits, and embeddings, which lose more by that, in 8."""
    nodes = material.model.proto().graph.node
    if not any(node.op_type == "Gather" for node in nodes):
        raise CompressionError("there is no embedding in it")
    return _build(material, bits=_HALF, block=32, arithmetic="int8", operators=("MatMul",))


def _quantised(
    model: onnx.ModelProto, *, bits: int, block: int, arithmetic: str, operators: tuple[str, ...]
) -> onnx.ModelProto:
    from onnxruntime.quantization.matmul_nbits_quantizer import (  # noqa: PLC0415 - it sets up logging
        MatMulNBitsQuantizer,
    )
    from onnxruntime.quantization.onnx_model import ONNXModel  # noqa: PLC0415 - as above

    wrapped = ONNXModel(model)
    wrapped.replace_gemm_with_matmul()
    _name_nodes(model)
    quantiser = MatMulNBitsQuantizer(
        model,
        bits=bits,
        block_size=block,
        is_symmetric=False,
        accuracy_level=_ARITHMETIC[arithmetic],
        op_types_to_quantize=operators,
        quant_axes=(("MatMul", 0), ("Gather", 1)),
        nodes_to_exclude=_left_alone(model),
    )
    quantiser.process()
    made: onnx.ModelProto = quantiser.model.model
    return made


def _name_nodes(model: onnx.ModelProto) -> None:
    """Name each node after its place: the quantiser goes by names, and some have none."""
    nodes = (node for graph in graphs_of(model.graph) for node in graph.node)
    for place, node in enumerate(nodes):
        node.name = f"node_{place}"


def _left_alone(model: onnx.ModelProto) -> list[str]:
    """Nodes on tensors that are no weights, or that the quantiser would get wrong."""
    matrices = {
        tensor.name
        for tensor in initialisers(model)
        if is_weight(tensor)
        and len(tensor.dims) == _RANK
        and tensor.data_type == onnx.TensorProto.FLOAT
    }
    return [
        node.name
        for graph in graphs_of(model.graph)
        for node in graph.node
        if (node.op_type == "MatMul" and node.input[1] not in matrices)
        or (node.op_type == "Gather" and node.input[0] not in matrices)
    ]


CANDIDATES = (
    *(
        Candidate(
            name=f"int{bits} in blocks of {block}, {arithmetic} products",
            technique=f"int{bits}",
            build=partial(
                _build, bits=bits, block=block, arithmetic=arithmetic, operators=operators
            ),
        )
        # The quantiser has embeddings in 4 bits only.
        for bits, block, operators in (
            (8, 128, ("MatMul",)),
            (_HALF, 128, ("MatMul", "Gather")),
            (_HALF, 32, ("MatMul", "Gather")),
        )
        for arithmetic in _ARITHMETIC
    ),
    Candidate(
        name="int4 in blocks of 32, int8 products and embeddings",
        technique="int4",
        build=_build_mixed,
    ),
)
