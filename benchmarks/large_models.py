"""Models of a chosen size: stacks of matrix products with random weights, which don't compress.

    python -m benchmarks.large_models FILE MEGABYTES

writes the ONNX file, and beside it ``rows.npy`` to certify it on, ``event.json``, a direct
invocation with one row, and ``expected.json``, onnxruntime's own answer to that row.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

__all__ = ["STACKS", "write"]

# Megabytes of float32 → (products, width of each): 4 · products · width² bytes.
STACKS = {1: (1, 512), 10: (10, 512), 100: (6, 2048), 1000: (15, 4096)}
_INPUTS, _OUTPUTS = 16, 8
_ROWS = 4
_OPSET, _IR = 17, 8


def write(path: Path, megabytes: int) -> None:
    """Write the model of one of the sizes in `STACKS`."""
    products, width = STACKS[megabytes]
    generator = np.random.default_rng(0)
    edges = [_INPUTS, *[width] * (products + 1), _OUTPUTS]
    weights = [
        # Of a variance that keeps the numbers' size from layer to layer.
        (generator.standard_normal((rows, columns), dtype=np.float32) / np.float32(rows**0.5))
        for rows, columns in pairwise(edges)
    ]
    onnx.save(_model(weights), path)
    rows = generator.standard_normal((_ROWS, _INPUTS), dtype=np.float32)
    np.save(path.with_name("rows.npy"), rows)
    _write_event(path, rows[:1])


def _model(weights: list[np.ndarray]) -> onnx.ModelProto:
    names = ["input", *(f"hidden_{place}" for place in range(len(weights) - 1)), "output"]
    nodes = [
        helper.make_node("MatMul", [names[place], f"weight_{place}"], [names[place + 1]])
        for place in range(len(weights))
    ]
    graph = helper.make_graph(
        nodes,
        "stack",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [None, _INPUTS])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [None, _OUTPUTS])],
        [numpy_helper.from_array(each, f"weight_{place}") for place, each in enumerate(weights)],
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)


def _write_event(path: Path, row: np.ndarray) -> None:
    tensor = {"name": "input", "datatype": "FP32", "shape": list(row.shape), "data": row.tolist()}
    path.with_name("event.json").write_text(json.dumps({"inputs": [tensor]}), "utf-8")
    (answer,) = ort.InferenceSession(path).run(["output"], {"input": row})
    path.with_name("expected.json").write_text(json.dumps(answer.ravel().tolist()), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
