"""Small graphs with a tree in them, and originals to hold them against."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from coldpress.exporters import Reference, Rows
from coldpress.onnx_file import OnnxFile

TYPES = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, np.int64: TensorProto.INT64}


def stump(threshold, taken="features", mode="BRANCH_LEQ", feature=0):
    """A tree of one node: 1 where its comparison holds, else 2."""
    return helper.make_node(
        "TreeEnsembleRegressor", [taken], ["y"], domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[feature, 0, 0],
        nodes_values=[threshold, 0.0, 0.0], nodes_modes=[mode, "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0],
        target_weights=[1.0, 2.0], n_targets=1,
    )  # fmt: skip


def graph_of(nodes, *, dtype=np.float32, columns=2, constants=None, inputs=("x",)):
    """A graph from inputs of some columns to `y`."""
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info(n, TYPES[dtype], ["rows", columns]) for n in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [onnx.numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def file_of(model):
    """A graph as an export."""
    onnx.checker.check_model(model)
    return OnnxFile(graph=model.SerializeToString())


def reference_of(ask, tensors, **others):
    """An original that answers by a function."""

    def original(rows):
        return ask({name: array[rows] for name, array in tensors.items()})

    rows = Rows(name="sample", tensors=tensors, original=original)
    return Reference(rows=rows, described="a function", ask=ask, **others)


@pytest.fixture
def trees():
    """What tests build graphs with."""

    class Trees:
        stump = staticmethod(stump)
        graph = staticmethod(graph_of)
        file = staticmethod(file_of)
        reference = staticmethod(reference_of)

    return Trees
