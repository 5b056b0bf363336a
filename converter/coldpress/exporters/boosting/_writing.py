"""Writing a graph node by node, with names that no input and no output has."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["ML", "Graph"]

ML = "ai.onnx.ml"


class Graph:
    """Nodes and constants as they are put, each under a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def put(self, operator: str, *inputs: str, domain: str = "", name: str = "", **to: Any) -> str:  # noqa: ANN401 - attributes
        """Put a node; its output's name."""
        name = name or f"/{operator.lower()}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [name], name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in to.items())
        self.nodes.append(node)
        return name

    def constant(self, values: object, dtype: object) -> str:
        """Put a constant; its name."""
        name = f"/constant_{len(self.constants)}"
        array: NDArray[Any] = np.array(values, dtype=dtype)  # type: ignore[call-overload]  # any
        self.constants.append(numpy_helper.from_array(array, name))
        return name
