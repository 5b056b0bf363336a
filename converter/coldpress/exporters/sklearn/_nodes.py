"""Writing nodes inside a converter of skl2onnx: values are names, constants are arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import onnx
from skl2onnx._parse import _parse_sklearn
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.base import BaseEstimator

__all__ = ["Nodes", "float_type", "is_text", "is_wide", "label_type"]

Value: TypeAlias = Any  # a name, or an array or number that becomes a constant

_ML = "ai.onnx.ml"
_OPSET = 21


@dataclass(frozen=True, slots=True)
class Nodes:
    """Adds nodes to the graph of one operator that is being converted.

    Attributes:
        scope: skl2onnx's names.
        operator: What is converted.
        container: skl2onnx's graph.
        wide: Whether numbers are float64 here whatever the graph's are.
    """

    scope: Any
    operator: Any
    container: Any
    wide: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers; see `is_wide`."""
        return np.dtype(np.float64 if self.wide or is_wide(self.operator) else np.float32)

    @property
    def float_type(self) -> int:
        """ONNX's name of `dtype`."""
        return int(onnx.helper.np_dtype_to_tensor_dtype(self.dtype))

    def __call__(self, kind: str, *inputs: Value, ml: bool = False, **attributes: Any) -> str:  # noqa: ANN401 - any
        """Add a node with one output, and give the output's name.

        Args:
            kind: The ONNX operator.
            inputs: Its inputs.
            ml: Whether it is of ``ai.onnx.ml``.
            attributes: Its attributes.
        """
        name: str = self.scope.get_unique_variable_name(kind.lower())
        self._add(kind, inputs, name, ml=ml, attributes=attributes)
        return name

    def give(self, value: str, output: int = 0) -> None:
        """Make a value the operator's output."""
        self._add("Identity", (value,), self.operator.outputs[output].full_name)

    def give_numbers(self, value: str, output: int = 0) -> None:
        """Make a value the operator's output in the type of the graph's numbers."""
        self.give(self("Cast", value, to=replace(self, wide=False).float_type), output)

    def widened(self) -> Nodes:
        """The same that calculates in float64, also within a graph of float32."""
        return replace(self, wide=True)

    def numbers(self) -> str:
        """All inputs side by side as one matrix of `float_type`."""
        kind = self.float_type
        cast = [self("Cast", value.full_name, to=kind) for value in self.operator.inputs]
        return cast[0] if len(cast) == 1 else self("Concat", *cast, axis=1)

    def columns(self) -> list[tuple[str, Any]]:
        """Each feature as ``(rows, 1)`` with the skl2onnx variable that it stands in."""
        found: list[tuple[str, Any]] = []
        all_of_them = self.operator.raw_operator.n_features_in_
        for value in self.operator.inputs:
            # What another converter gave says no width, but then it stands alone.
            width = all_of_them if len(self.operator.inputs) == 1 else value.type.shape[1]
            if width == 1:
                found.append((value.full_name, value))
                continue
            for index in range(width):
                column = self("Gather", value.full_name, np.array([index]), axis=1)
                found.append((column, value))
        return found

    def ask(
        self,
        estimator: BaseEstimator,
        *inputs: Any,  # noqa: ANN401 - untyped package
        **options: Any,  # noqa: ANN401 - as said
    ) -> list[Any]:
        """What skl2onnx makes of another estimator.

        Args:
            estimator: A fitted estimator.
            inputs: skl2onnx variables; by default the operator's own.
            options: skl2onnx's options for it.

        Returns:
            Its outputs, as skl2onnx variables; their names are written by `name`.
        """
        if options:
            self.scope.add_options(id(estimator), options)
            self.container.add_options(id(estimator), options)
        outputs = _parse_sklearn(self.scope, estimator, list(inputs or self.operator.inputs))
        return list(outputs)

    def number(self, variable: Any) -> str:  # noqa: ANN401 - skl2onnx's
        """A skl2onnx variable as a value of `float_type`."""
        return self("Cast", variable.full_name, to=self.float_type)

    def column(self, matrix: str, index: int) -> str:
        """One column of a matrix, ``(rows, 1)``."""
        return self("Gather", matrix, np.array([index]), axis=1)

    def side_by_side(self, parts: list[str]) -> str:
        """Matrices as one."""
        return parts[0] if len(parts) == 1 else self("Concat", *parts, axis=1)

    def variable(self, value: str, width: int | None = None) -> Any:  # noqa: ANN401 - skl2onnx's
        """A value of `float_type` as a skl2onnx variable, to ask another estimator with."""
        kind = DoubleTensorType if self.dtype == np.float64 else FloatTensorType
        variable = self.scope.declare_local_variable("value", kind([None, width]))
        self._add("Identity", (value,), variable.full_name)
        # The converter of whatever takes it waits until it is there.
        variable.init_status(is_fed=True)
        return variable

    def label(self, classes: Any, positions: str) -> str:  # noqa: ANN401 - any array of labels
        """The classes at some positions, of the same shape."""
        known = np.asarray(classes)
        known = known if known.dtype.kind in "UO" else known.astype(np.int64)
        return self("Gather", known, positions, axis=0)

    def winner(self, classes: Any, scores: str) -> str:  # noqa: ANN401 - any array of labels
        """The class with the largest score, ``(rows,)``."""
        return self.label(classes, self("ArgMax", scores, axis=1, keepdims=0))

    def _add(
        self,
        kind: str,
        inputs: tuple[Value, ...],
        output: str,
        *,
        ml: bool = False,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        self.container.add_node(
            kind,
            [value if isinstance(value, str) else self._constant(value) for value in inputs],
            output,
            op_domain=_ML if ml else "",
            op_version=2 if ml else _OPSET,
            name=self.scope.get_unique_operator_name(kind),
            **(attributes or {}),
        )

    def _constant(self, value: Value) -> str:
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name: str = self.scope.get_unique_variable_name("constant")
        if array.dtype.kind in "UO":
            words = [str(word).encode() for word in array.ravel()]
            self.container.add_initializer(name, onnx.TensorProto.STRING, array.shape, words)
            return name
        kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        self.container.add_initializer(name, kind, array.shape, array.ravel().tolist())
        return name


def is_text(variable: Any) -> bool:  # noqa: ANN401 - untyped package
    """Whether a skl2onnx variable holds strings."""
    return isinstance(variable.type, StringTensorType)


def is_wide(operator: Any) -> bool:  # noqa: ANN401 - untyped package
    """Whether what an operator gives is float64: if any input of the whole graph is.

    An encoder of words says by this what stands beside the numbers that other steps give.
    """
    graph = (*operator.inputs, *operator.scope_inst.input_variables)
    return any(isinstance(variable.type, DoubleTensorType) for variable in graph)


def float_type(operator: Any, shape: list[int | None]) -> Any:  # noqa: ANN401 - untyped package
    """The skl2onnx type of the numbers that an operator gives."""
    return (DoubleTensorType if is_wide(operator) else FloatTensorType)(shape)


def label_type(classes: Any, shape: list[int | None]) -> Any:  # noqa: ANN401 - untyped package
    """The skl2onnx type of labels."""
    kind = np.asarray(classes).dtype.kind
    return (StringTensorType if kind in "UO" else Int64TensorType)(shape)
