"""A small model with the signature that the sample events ask for, in a store on this machine."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from coldpress.bundle import write_bundle
from coldpress.packing import pack_blob
from coldpress_runtime.artifact import (
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
    TensorSpec,
)
from coldpress_runtime.pointers import ModelUri

__all__ = ["NAME", "store_stand_in"]

NAME = "breast-cancer"
_COLUMNS = 30
_OPSET = 17
_IR_VERSION = 10
_SIGNATURE = Signature(
    inputs=(TensorSpec(name="input", datatype="FP64", shape=(-1, _COLUMNS)),),
    outputs=(
        TensorSpec(name="label", datatype="INT64", shape=(-1,)),
        TensorSpec(name="probabilities", datatype="FP32", shape=(-1, _COLUMNS)),
    ),
)


def store_stand_in(store: Path) -> ModelUri:
    """Write the model to a store.

    Args:
        store: The store's directory; made here.

    Returns:
        The model's pinned URI.
    """
    compressed = pack_blob(_model(), store, role="model")
    manifest = Manifest(
        name=NAME,
        source=Source(framework="onnx", format="onnx", sha256="", versions={}),
        signature=_SIGNATURE,
        blobs=(compressed.blob,),
        compression="lossless",
        certificate=CertificateSummary(passed=True, rows=0, max_abs_diff=0.0, label_agreement=None),
        runtime=RuntimeNeeds(ir_version=_IR_VERSION, opsets={"": _OPSET}, onnxruntime=""),
    )
    uri = ModelUri(root=store.as_uri(), name=NAME, digest=manifest.digest)
    version = (store / uri.manifest_path).parent
    version.parent.mkdir(parents=True)
    write_bundle(version, manifest, {compressed.blob.path: compressed.stored})
    return uri


def _model() -> bytes:
    nodes = [
        helper.make_node("Cast", ["input"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Softmax", ["numbers"], ["probabilities"], axis=-1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=-1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [_value("input", TensorProto.DOUBLE, _COLUMNS)],
        [_value("label", TensorProto.INT64), _value("probabilities", TensorProto.FLOAT, _COLUMNS)],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _value(name: str, kind: int, *columns: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["rows", *columns])
