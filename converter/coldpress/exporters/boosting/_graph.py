"""A boosted model as an ONNX graph: what its library does to a row, step by step.

The trees are a regressor's, whatever the model is: onnxruntime's own last step of a classifier
leaves the sigmoid out where every tree is a leaf (onnxruntime#27533) and flushes tiny probabilities
(onnxruntime#26281), so that links are nodes of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from coldpress.exporters._exported import Label
from coldpress.exporters._graph import IR_VERSION, OPSET

from ._boosted import ZERO, Boosted, Link
from ._columns import matrix_of, matrix_type
from ._trees import OPERATOR, trees_as_attributes
from ._writing import ML, Graph

__all__ = ["INPUT", "ML_OPSET", "graph_of", "output_types"]

INPUT = "input"
ML_OPSET = 3


def graph_of(
    boosted: Boosted,
    *,
    given: Mapping[str, int],
    wide: bool,
    scores: int = TensorProto.FLOAT,
    raw: bool = False,
) -> onnx.ModelProto:
    """The graph of a boosted model.

    Args:
        boosted: The model.
        given: The inputs' types, ONNX's, by their names: one matrix, or a column for each feature.
        wide: Whether thresholds are compared, and leaves added up, in float64.
        scores: Type of the last output, one of ONNX's.
        raw: Whether a classifier gives margins in place of probabilities; of a decision between
            two, one for each.
    """
    graph = Graph()
    rows = _prepared(graph, boosted, given, wide=wide)
    margins = graph.put(OPERATOR, rows, domain=ML, **trees_as_attributes(boosted.forest, wide))
    answers = [_scores(graph, boosted, margins)]
    if boosted.labels:
        answers.insert(0, _winner(graph, answers[0], boosted.labels))
    if raw:
        answers[-1] = _raw(graph, boosted, margins)
    for name, answer, kind in zip(
        boosted.outputs, answers, output_types(boosted, scores), strict=True
    ):
        # The names of the outputs are taken last, and by nothing else.
        graph.put("Cast", answer, to=kind, name=name)
    return _model(graph, boosted, given, scores)


def output_types(boosted: Boosted, scores: int = TensorProto.FLOAT) -> tuple[int, ...]:
    """ONNX's types of the outputs."""
    if not boosted.labels:
        return (scores,)
    text = isinstance(boosted.labels[0], str)
    return (TensorProto.STRING if text else TensorProto.INT64, scores)


def _prepared(graph: Graph, boosted: Boosted, given: Mapping[str, int], *, wide: bool) -> str:
    """The rows as the trees take them."""
    own = matrix_type(boosted, given)
    rows = matrix_of(graph, boosted, given)
    dtype = helper.tensor_dtype_to_np_dtype(own)
    nan = graph.constant(np.nan, dtype)
    if boosted.missing is not None:
        absent = graph.put("Equal", rows, graph.constant(boosted.missing, dtype))
        rows = graph.put("Where", absent, nan, rows)
    if boosted.zero_missing:
        size = graph.put("Abs", rows)
        absent = graph.put("LessOrEqual", size, graph.constant(ZERO, dtype))
        # Zero is a category like any other.
        number = ~np.isin(np.arange(boosted.width), boosted.categories)
        absent = graph.put("And", absent, graph.constant(number, np.bool_))
        rows = graph.put("Where", absent, nan, rows)
    # Codes are whole as they are.
    if numbers := [index for index in boosted.categories if index not in boosted.vocabularies]:
        rows = _cut(graph, rows, boosted, numbers)
    wanted = TensorProto.DOUBLE if wide else TensorProto.FLOAT
    return rows if own == wanted else graph.put("Cast", rows, to=wanted)


def _cut(graph: Graph, rows: str, boosted: Boosted, numbers: Sequence[int]) -> str:
    """Categories are whole numbers: what stands behind the point is cut off."""
    mask = np.isin(np.arange(boosted.width), numbers)
    if boosted.below_zero == "none":
        # Rounded down, what is below zero stays there, and is in no set.
        whole = graph.put("Floor", rows)
    else:
        size = graph.put("Floor", graph.put("Abs", rows))
        whole = graph.put("Mul", graph.put("Sign", rows), size)
    return graph.put("Where", graph.constant(mask, np.bool_), whole, rows)


def _scores(graph: Graph, boosted: Boosted, margins: str) -> str:
    if boosted.steepness != 1:
        margins = graph.put("Mul", margins, graph.constant(boosted.steepness, np.float32))
    linked = _link(graph, boosted.link, margins)
    if _decides(boosted):
        other = graph.put("Sub", graph.constant(1, np.float32), linked)
        return graph.put("Concat", other, linked, axis=1)
    return linked


def _raw(graph: Graph, boosted: Boosted, margins: str) -> str:
    if _decides(boosted):
        return graph.put("Concat", graph.put("Neg", margins), margins, axis=1)
    return margins


def _decides(boosted: Boosted) -> bool:
    """Whether it is a classifier of two classes with a single margin."""
    return bool(boosted.labels) and len(boosted.forest.base) == 1


def _link(graph: Graph, link: Link, margins: str) -> str:
    """The predictions that margins stand for."""
    one = graph.constant(1, np.float32)
    if link == "sigmoid":
        # Not Sigmoid, which onnxruntime approximates beyond ±18.
        power = graph.put("Exp", graph.put("Neg", margins))
        return graph.put("Reciprocal", graph.put("Add", power, one))
    if link == "positive":
        above = graph.put("Greater", margins, graph.constant(0, np.float32))
        return graph.put("Cast", above, to=TensorProto.FLOAT)
    if link == "signed square":
        return graph.put("Mul", margins, graph.put("Abs", margins))
    if link == "winner":
        winner = graph.put("ArgMax", margins, axis=1, keepdims=1)
        return graph.put("Cast", winner, to=TensorProto.FLOAT)
    plain = {"identity": "Identity", "exp": "Exp", "softplus": "Softplus", "softmax": "Softmax"}
    return graph.put(plain[link], margins)


def _winner(graph: Graph, scores: str, labels: tuple[Label, ...]) -> str:
    """The label with the largest score; of equal ones the first, as everywhere."""
    dtype = object if isinstance(labels[0], str) else np.int64
    best = graph.put("ArgMax", scores, axis=1, keepdims=0)
    return graph.put("Gather", graph.constant(labels, dtype), best)


def _model(
    graph: Graph, boosted: Boosted, given: Mapping[str, int], scores: int
) -> onnx.ModelProto:
    columns = len(boosted.labels) or (1 if boosted.link == "winner" else len(boosted.forest.base))
    shapes: list[Sequence[str | int | None]] = [["rows"], ["rows", columns]]
    kinds = output_types(boosted, scores)
    outputs = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in zip(boosted.outputs, kinds, shapes[-len(kinds) :], strict=True)
    ]
    width = boosted.width if len(given) == 1 else 1
    inputs = [
        helper.make_tensor_value_info(name, kind, ["rows", width]) for name, kind in given.items()
    ]
    used = {name for node in graph.nodes for name in node.input}
    constants = [constant for constant in graph.constants if constant.name in used]
    return helper.make_model(
        helper.make_graph(graph.nodes, boosted.maker, inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=IR_VERSION,
        producer_name="coldpress",
    )
