"""What trees look at: the part of a graph that stands before them, run on its own."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx
import onnxruntime as ort

from coldpress.errors import ExportError, brief

from ._bench import Tensors

__all__ = ["Features"]

_ERRORS_ONLY = 3


class Features:
    """The tensors that tree ensembles take, for any rows."""

    def __init__(self, model: onnx.ModelProto, names: Collection[str]) -> None:
        """Cut the graph.

        Raises:
            ExportError: onnxruntime can't open the part.
        """
        inputs = {value.name for value in model.graph.input}
        self._given = tuple(name for name in names if name in inputs)
        self._made = tuple(name for name in names if name not in inputs)
        self._session = _session(_before(model, self._made)) if self._made else None

    def of(self, tensors: Tensors) -> dict[str, np.ndarray]:
        """Each tensor by its name."""
        found = {name: np.asarray(tensors[name]) for name in self._given}
        if self._session is None:
            return found
        fed = {value.name: tensors[value.name] for value in self._session.get_inputs()}
        answers = self._session.run(list(self._made), fed)
        return found | dict(zip(self._made, answers, strict=True))


def _before(model: onnx.ModelProto, names: Collection[str]) -> onnx.ModelProto:
    needed, nodes = set(names), []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    graph = onnx.helper.make_graph(
        nodes[::-1],
        "features",
        [value for value in model.graph.input if value.name in needed],
        [onnx.helper.make_empty_tensor_value_info(name) for name in names],
        [tensor for tensor in model.graph.initializer if tensor.name in needed],
    )
    return onnx.helper.make_model(
        graph,
        opset_imports=list(model.opset_import),
        functions=list(model.functions),
        ir_version=model.ir_version,
    )


def _session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # As it stands: another order of the same steps might round otherwise.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    try:
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own, one class for each kind
        raise ExportError(
            f"onnxruntime can't open what stands before the model's trees: {brief(error)}"
        ) from error
