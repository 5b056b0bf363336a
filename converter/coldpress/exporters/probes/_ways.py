"""Which column of an input stands in which column of a tensor, as far as the way is plain.

A threshold can be probed where the feature that it looks at is one number of the row, moved, cast,
filled in or scaled. A feature that is made of several numbers has no such place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import onnx

from ._bench import Tensors

__all__ = ["Source", "joined", "only_trees", "ways"]

_MATRIX_RANK = 2
_MOVING = frozenset({"Identity", "Cast"})
_EXACT = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Scaler", "Imputer", "Neg", "Abs", "Clip", "Min", "Max"),
        *("Where", "IsNaN", "Floor", "Ceil", "Round", "Sign"),
    }
)
# The same to a unit in the last place or so, which is enough to cross a threshold.
_NEAR = frozenset(
    {
        *("Pow", "Sqrt", "Log", "Exp", "Tanh", "Sigmoid", "Erf", "Reciprocal", "Softplus"),
        *("Sin", "Cos"),
    }
)
_JOINING = frozenset({"Concat", "FeatureVectorizer"})
_TREES = frozenset({"TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"})
# What may stand before a tree without calculating with the numbers of a row.
_PLAIN = frozenset(
    {
        *("Identity", "Cast", "Concat", "FeatureVectorizer", "Gather", "ArrayFeatureExtractor"),
        *("Slice", "Split", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Shape"),
        *("Imputer", "Where", "IsNaN", "Not", "And", "Or", "Equal", "LabelEncoder"),
        *("OneHotEncoder", "CategoryMapper", "Constant"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a column comes from.

    Attributes:
        name: The input.
        column: Its column.
        moved: Whether the number is the same as there, but for its type.
        exact: Whether what was done to it gives the same number on every machine.
    """

    name: str
    column: int
    moved: bool = True
    exact: bool = True


Columns: TypeAlias = tuple[Source | None, ...]


def joined(model: onnx.ModelProto) -> tuple[str, ...]:
    """The tensors that are put side by side somewhere, sorted; `ways` needs their widths."""
    constants = _constants(model)
    return tuple(
        sorted(
            {
                name
                for node in model.graph.node
                if node.op_type in _JOINING
                for name in node.input
                if name not in constants
            }
        )
    )


def ways(
    model: onnx.ModelProto, inputs: Tensors, widths: Mapping[str, int]
) -> Mapping[str, Columns]:
    """The sources of the columns of each tensor, ``(rows, columns)``, that could be followed.

    Args:
        model: The graph.
        inputs: An array for each of its inputs, for how many columns it has.
        widths: How many columns those tensors have that are put side by side with others.
    """
    constants = _constants(model)
    known: dict[str, Columns] = {
        name: tuple(Source(name=name, column=column) for column in range(array.shape[1]))
        for name, array in inputs.items()
        if array.ndim == _MATRIX_RANK and array.dtype.kind in "iuf"
    }
    for node in model.graph.node:
        if node.op_type in _JOINING:
            for name in node.input:
                # Such as the columns of an encoder, beside numbers whose way is plain.
                known.setdefault(name, (None,) * widths.get(name, 0))
        known.update(zip(node.output, _followed(node, known, constants), strict=False))
    return known


def only_trees(model: onnx.ModelProto) -> bool:
    """Whether trees look at the inputs as they are, and nothing calculates with these."""
    touched = {value.name for value in model.graph.input}
    seen = False
    for node in model.graph.node:
        if not touched.intersection(node.input):
            continue
        if node.op_type in _TREES:
            seen = True
        elif node.op_type in _PLAIN:
            touched.update(node.output)
        else:
            return False
    return seen and not touched.intersection(value.name for value in model.graph.output)


def _constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Constants of the graph; those that lie outside only by name."""
    found = {tensor.name: _array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                found[node.output[0]] = _array(attribute.t)
    return found


def _array(tensor: onnx.TensorProto) -> np.ndarray:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return np.empty(0)
    return np.asarray(onnx.numpy_helper.to_array(tensor))


def _followed(
    node: onnx.NodeProto, known: Mapping[str, Columns], constants: Mapping[str, np.ndarray]
) -> Iterator[Columns]:
    given = [known.get(name) for name in node.input if name not in constants]
    kind = node.op_type
    if kind in _MOVING | _EXACT | _NEAR:
        merged = _merged(given, [constants[name] for name in node.input if name in constants])
        if merged is not None:
            yield tuple(_touched(column, kind) for column in merged)
    elif kind in _MOVES and given and all(columns is not None for columns in given):
        held: list[Any] = given
        try:
            yield from _MOVES[kind](node, held, constants)
        except (IndexError, KeyError, ValueError):  # a form that is not followed
            return


def _touched(column: Source | None, kind: str) -> Source | None:
    if column is None or kind in _MOVING:
        return column
    return replace(column, moved=False, exact=column.exact and kind in _EXACT)


def _merged(given: list[Columns | None], constants: list[np.ndarray]) -> Columns | None:
    """What comes of several operands: a column where all but constants are of one source."""
    if not given or any(columns is None for columns in given):
        return None
    held = [columns for columns in given if columns is not None]
    widths = {len(columns) for columns in held} | {c.shape[-1] for c in constants if c.ndim}
    width = max(widths)
    if not widths <= {1, width}:
        return None
    wide = [columns if len(columns) == width else columns * width for columns in held]
    return tuple(_same(column) for column in zip(*wide, strict=True))


def _same(column: tuple[Source | None, ...]) -> Source | None:
    first, *rest = column
    if first is None or any(
        other is None or (other.name, other.column) != (first.name, first.column) for other in rest
    ):
        return None
    others = [other for other in column if other is not None]
    return replace(
        first,
        moved=all(other.moved for other in others),
        exact=all(other.exact for other in others),
    )


def _concat(node: onnx.NodeProto, given: list[Columns], _: Any) -> Iterator[Columns]:  # noqa: ANN401 - unused
    if node.op_type == "FeatureVectorizer" or _attribute(node, "axis") in {1, -1}:
        yield tuple(column for columns in given for column in columns)


def _gather(
    node: onnx.NodeProto, given: list[Columns], constants: Mapping[str, np.ndarray]
) -> Iterator[Columns]:
    chosen = constants[node.input[1]]
    if node.op_type == "ArrayFeatureExtractor" or (
        _attribute(node, "axis") in {1, -1} and chosen.ndim == 1
    ):
        yield tuple(given[0][int(index)] for index in chosen.ravel())


def _reshape(
    node: onnx.NodeProto, given: list[Columns], constants: Mapping[str, np.ndarray]
) -> Iterator[Columns]:
    shape = constants[node.input[1]].tolist()
    if len(shape) == _MATRIX_RANK and shape[0] in (-1, 0) and shape[1] in (len(given[0]), -1):
        yield given[0]


def _split(
    node: onnx.NodeProto, given: list[Columns], constants: Mapping[str, np.ndarray]
) -> Iterator[Columns]:
    if _attribute(node, "axis") not in {1, -1}:
        return
    start = 0
    for size in constants[node.input[1]].tolist():
        yield given[0][start : start + size]
        start += size


def _slice(
    node: onnx.NodeProto, given: list[Columns], constants: Mapping[str, np.ndarray]
) -> Iterator[Columns]:
    starts, ends, axes, *steps = (constants[name].tolist() for name in node.input[1:])
    if axes in ([1], [-1]):
        yield given[0][slice(starts[0], ends[0], steps[0][0] if steps else 1)]


def _attribute(node: onnx.NodeProto, name: str) -> Any:  # noqa: ANN401 - any attribute
    return next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name), 0)


_Mover: TypeAlias = Callable[
    [onnx.NodeProto, list[Columns], Mapping[str, np.ndarray]], Iterator[Columns]
]
_MOVES: Mapping[str, _Mover] = {
    "Concat": _concat,
    "FeatureVectorizer": _concat,
    "Gather": _gather,
    "ArrayFeatureExtractor": _gather,
    "Reshape": _reshape,
    "Split": _split,
    "Slice": _slice,
}
