"""Models of tables: a matrix with named columns, a column for each input, and less than that."""

import numpy as np
import pytest
from onnx import helper

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings


@pytest.fixture(scope="module")
def matrix(store_model, build_onnx, tmp_path_factory):
    """Three named columns of one matrix in; a label of each row and scores of two classes out."""
    weights = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    model = build_onnx(
        nodes,
        {"x": ("FP32", [None, 3])},
        {"label": ("INT64", [None]), "scores": ("FP32", [None, 2])},
        {"w": weights},
    )
    signature = Signature(
        inputs=(TensorSpec(name="x", datatype="FP32", shape=(-1, 3)),),
        outputs=(
            TensorSpec(name="label", datatype="INT64", shape=(-1,), labels=(0, 1)),
            TensorSpec(name="scores", datatype="FP32", shape=(-1, 2), labels=("no", "yes")),
        ),
        features=("width", "height", "depth"),
    )
    return _holder(store_model, tmp_path_factory, model, signature)


@pytest.fixture(scope="module")
def columns(store_model, build_onnx, tmp_path_factory):
    """A column for each input: a whole number, text, a boolean; all given back."""
    kinds = {
        "age": ("INT64", [None, 1]),
        "city_name": ("BYTES", [None, 1]),
        "vip": ("BOOL", [None]),
    }
    outputs = {f"{name}_out": kind for name, kind in kinds.items()}
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in kinds]
    model = build_onnx(nodes, kinds, outputs)
    plain = store_model("file:///nowhere", model=model).manifest.signature
    signature = plain._replace(features=("age", "city", "vip"))
    return _holder(store_model, tmp_path_factory, model, signature)


@pytest.fixture(scope="module")
def single(store_model, build_onnx, tmp_path_factory):
    """A matrix without names in, one number of each row out."""
    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)]
    model = build_onnx(
        nodes,
        {"x": ("FP64", [None, 2])},
        {"y": ("FP64", [None])},
        {"axes": np.array([1], np.int64)},
    )
    return _holder(store_model, tmp_path_factory, model, None)


@pytest.fixture(scope="module")
def totals(store_model, build_onnx, tmp_path_factory):
    """A scalar and rows in; the sum of everything, and the scalar, out."""
    nodes = [
        helper.make_node("Add", ["x", "scale"], ["scaled"]),
        helper.make_node("ReduceSum", ["scaled"], ["total"], keepdims=0),
        helper.make_node("Identity", ["scale"], ["echo"]),
    ]
    model = build_onnx(
        nodes,
        {"scale": ("FP32", []), "x": ("FP32", [None, 2])},
        {"total": ("FP32", []), "echo": ("FP32", [])},
    )
    return _holder(store_model, tmp_path_factory, model, None)


def _holder(store_model, tmp_path_factory, model, signature):
    root = tmp_path_factory.mktemp("tables").as_uri()
    stored = store_model(root, model=model, signature=signature).put()
    return ModelHolder(Settings.from_environment({"MODEL_URI": stored.pinned}))
