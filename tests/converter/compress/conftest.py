"""Small networks and trees as ONNX files, and the proof that compression starts from."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress.exporters import attempts
from coldpress.load import model_of
from coldpress.onnx_file import OnnxFile
from coldpress.proving import prove
from coldpress.sample import Sample

RANDOM = np.random.default_rng(0)
WIDTH, CLASSES, WORDS = 128, 16, 200
CENTRES = RANDOM.normal(size=(CLASSES, WIDTH))


def tensor(name, *shape, scale=None):
    """A random matrix of a spread that keeps the numbers' size."""
    values = RANDOM.normal(size=shape, scale=scale or shape[0] ** -0.5)
    return numpy_helper.from_array(values.astype(np.float32), name)


def written(nodes, inputs, outputs, tensors):
    """A model's bytes; inputs and outputs are names with an element type and a shape."""
    values = [[helper.make_tensor_value_info(*spec) for spec in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "graph", *values, tensors)
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def dense_network():
    """A Gemm with its weights transposed, and a product that tells which centre a row is near."""
    turned = RANDOM.normal(size=(WIDTH, WIDTH), scale=WIDTH**-0.5)
    return written(
        [
            helper.make_node("Gemm", ["x", "w0", "b0"], ["h"], transB=1),
            helper.make_node("MatMul", ["h", "w1"], ["z"]),
            helper.make_node("Softmax", ["z"], ["y"]),
        ],
        [("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [("y", TensorProto.FLOAT, ["rows", CLASSES])],
        [
            numpy_helper.from_array(turned.astype(np.float32), "w0"),
            numpy_helper.from_array(np.zeros(WIDTH, dtype=np.float32), "b0"),
            numpy_helper.from_array((turned @ CENTRES.T / 16).astype(np.float32), "w1"),
        ],
    )


def text_network():
    """Words looked up, averaged and multiplied."""
    return written(
        [
            helper.make_node("Gather", ["table", "x"], ["e"]),
            helper.make_node("ReduceMean", ["e", "axes"], ["m"], keepdims=0),
            helper.make_node("MatMul", ["m", "w"], ["y"]),
        ],
        [("x", TensorProto.INT64, ["rows", 6])],
        [("y", TensorProto.FLOAT, ["rows", WIDTH])],
        [
            tensor("table", WORDS, WIDTH, scale=1),
            numpy_helper.from_array(np.array([1]), "axes"),
            tensor("w", WIDTH, WIDTH),
        ],
    )


def image_network():
    """Two convolutions and an average."""
    return written(
        [
            helper.make_node("Conv", ["x", "w0"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("Conv", ["r", "w1"], ["d"]),
            helper.make_node("GlobalAveragePool", ["d"], ["p"]),
            helper.make_node("Flatten", ["p"], ["y"]),
        ],
        [("x", TensorProto.FLOAT, ["rows", 3, 8, 8])],
        [("y", TensorProto.FLOAT, ["rows", 16])],
        [tensor("w0", 64, 3, 3, 3, scale=0.3), tensor("w1", 16, 64, 3, 3, scale=0.05)],
    )


def recurrent_network():
    """An LSTM over steps of any number."""
    return written(
        [
            helper.make_node("LSTM", ["x", "w", "r"], ["s", "h"], hidden_size=32),
            helper.make_node("Squeeze", ["h", "axis"], ["y"]),
        ],
        [("x", TensorProto.FLOAT, [5, "rows", 16])],
        [("y", TensorProto.FLOAT, ["rows", 32])],
        [
            tensor("w", 1, 128, 16, scale=0.3),
            tensor("r", 1, 128, 32, scale=0.3),
            numpy_helper.from_array(np.array([0]), "axis"),
        ],
    )


NEAR = np.arange(300) % CLASSES
ROWS = {
    "dense": (CENTRES[NEAR] + RANDOM.normal(size=(300, WIDTH), scale=0.5)).astype(np.float32),
    "text": RANDOM.integers(0, WORDS, (100, 6)),
    "image": RANDOM.normal(size=(40, 3, 8, 8)).astype(np.float32),
    "recurrent": RANDOM.normal(size=(5, 7, 16)).astype(np.float32),
}
NETWORKS = {
    "dense": dense_network(),
    "text": text_network(),
    "image": image_network(),
    "recurrent": recurrent_network(),
}


@pytest.fixture(scope="session")
def networks():
    """Networks by name, and rows for each."""
    return {name: (OnnxFile(graph=graph), ROWS[name]) for name, graph in NETWORKS.items()}


@pytest.fixture(scope="session")
def proven(tmp_path_factory):
    """A function that proves a model on rows, with the truth where it is known."""

    def prove_it(model, rows, truth=None):
        sample = replace(Sample.of(rows), truth=truth)
        folder = tmp_path_factory.mktemp("proven")
        return prove(model_of(model), sample, folder, lambda _step: None)

    return prove_it


@pytest.fixture(scope="session")
def exported():
    """A function that exports an estimator as the converter writes it, not simplified."""

    def export_it(estimator, rows):
        attempt, *_ = attempts(model_of(estimator), Sample.of(rows))
        return attempt.export()

    return export_it
