"""An ensemble as an ONNX graph: one tree operator for the sums, plain operators for the rest.

The link function stands outside the tree operator: onnxruntime's own leaves it out of ensembles
that are single leaves (issue 27533), and flushes small probabilities (26281).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from coldpress.onnx_file import Label

from ._ensemble import Ensemble, Linear

__all__ = ["Form", "write"]

_OPSETS = {"": 18, "ai.onnx.ml": 3}
_IR_VERSION = 10
# Links that are one operator.
_OPERATORS = {
    "sigmoid": "Sigmoid",
    "sigmoid of each": "Sigmoid",
    "exp": "Exp",
    "log1p exp": "Softplus",
}
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a graph takes and gives.

    Attributes:
        double: Whether it takes float64; thresholds are float64 then, too. With float32 they are
            rounded so that every float32 falls on the same side as before.
        classes: Class labels of a classifier: the graph gives ``label`` and ``probabilities``.
            Without, it gives ``prediction``.
        flat: Whether a single sum is given as ``(rows,)`` rather than ``(rows, 1)``.
    """

    double: bool = False
    classes: tuple[Label, ...] = ()
    flat: bool = False


def write(ensemble: Ensemble, form: Form) -> onnx.ModelProto:
    """The graph of an ensemble, from ``input``, ``(rows, features)``.

    Args:
        ensemble: The booster.
        form: What the graph takes and gives.
    """
    graph = _Graph()
    kind = TensorProto.DOUBLE if form.double else TensorProto.FLOAT
    values = _with_missing(graph, ensemble, form)
    if isinstance(ensemble.trees, Linear):
        sums = _linear(graph, ensemble, values, form)
    else:
        sums = _forest(graph, ensemble, values, form)
    answer = _linked(graph, ensemble, sums)
    outputs = _outputs(graph, ensemble, form, answer)
    given = helper.make_tensor_value_info("input", kind, ["rows", ensemble.features])
    made = helper.make_graph(graph.nodes, "booster", [given], outputs, graph.tensors)
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    return helper.make_model(made, opset_imports=opsets, ir_version=_IR_VERSION)


@dataclass(slots=True)
class _Graph:
    """Nodes and tensors as they come."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:  # noqa: ANN401 - any attribute
        node = helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def constant(self, name: str, values: Any) -> str:  # noqa: ANN401 - any array
        # Apart from names that a graph may have into which this one is put.
        name = f"booster_{name}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values), name))
        return name


def _with_missing(graph: _Graph, ensemble: Ensemble, form: Form) -> str:
    if ensemble.missing is None:
        return "input"
    kind = np.float64 if form.double else np.float32
    mark = graph.constant("missing", np.array(ensemble.missing, dtype=kind))
    nan = graph.constant("nan", np.array(np.nan, dtype=kind))
    is_missing = graph.add("Equal", ["input", mark], "is_missing")
    return graph.add("Where", [is_missing, nan, "input"], "values")


def _linear(graph: _Graph, ensemble: Ensemble, values: str, form: Form) -> str:
    assert isinstance(ensemble.trees, Linear)  # noqa: S101 - for the types
    kind = np.float64 if form.double else np.float32
    weights = graph.constant("weights", ensemble.trees.weights.astype(kind))
    base = graph.constant("base", ensemble.base.astype(kind))
    # XGBoost's linear booster leaves missing values out, which is to take them for 0.
    nothing = graph.add("IsNaN", [values], "is_nan")
    zero = graph.constant("zero", np.array(0, dtype=kind))
    filled = graph.add("Where", [nothing, zero, values], "filled")
    sums = graph.add("Gemm", [filled, weights, base], "sums")
    return graph.add("Cast", [sums], "sums_float32", to=TensorProto.FLOAT) if form.double else sums


def _forest(graph: _Graph, ensemble: Ensemble, values: str, form: Form) -> str:
    attributes = _tree_attributes(ensemble, double=form.double)
    scaled = ensemble.scale != 1
    name = "leaves" if scaled else "sums"
    graph.nodes.append(
        helper.make_node(
            "TreeEnsembleRegressor", [values], [name], name=name, domain="ai.onnx.ml", **attributes
        )
    )
    if not scaled:
        return name
    scale = graph.constant("scale", np.array(ensemble.scale, dtype=np.float32))
    return graph.add("Mul", [name, scale], "sums")


def _tree_attributes(ensemble: Ensemble, *, double: bool) -> dict[str, Any]:
    assert not isinstance(ensemble.trees, Linear)  # noqa: S101 - for the types
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            *("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes"),
            *("nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true"),
            *("target_treeids", "target_nodeids", "target_ids", "target_weights"),
        )
    }
    for number, tree in enumerate(ensemble.trees):
        _add_tree(columns, number, tree, ensemble)
    base = ensemble.base / ensemble.scale
    if not any(columns["nodes_missing_value_tracks_true"]):
        del columns["nodes_missing_value_tracks_true"]
    thresholds = np.array(columns.pop("nodes_values"), dtype=np.float64)
    weights = np.array(columns.pop("target_weights"), dtype=np.float64)
    if double:
        columns["nodes_values_as_tensor"] = _tensor(thresholds)
        columns["target_weights_as_tensor"] = _tensor(weights)
        columns["base_values_as_tensor"] = _tensor(base.astype(np.float64))
    else:
        columns["nodes_values"] = _rounded(thresholds, strict=ensemble.strict).tolist()
        columns["target_weights"] = weights.astype(np.float32).tolist()
        columns["base_values"] = base.astype(np.float32).tolist()
    return {**columns, "n_targets": ensemble.outputs, "post_transform": "NONE"}


def _add_tree(columns: dict[str, list[Any]], number: int, tree: Any, ensemble: Ensemble) -> None:  # noqa: ANN401 - a Tree
    leaves = tree.left == -1
    branch = "BRANCH_LT" if ensemble.strict else "BRANCH_LEQ"
    count = len(tree.left)
    columns["nodes_treeids"] += [number] * count
    columns["nodes_nodeids"] += range(count)
    columns["nodes_featureids"] += np.where(leaves, 0, tree.feature).tolist()
    columns["nodes_values"] += np.where(leaves, 0, tree.threshold).tolist()
    columns["nodes_modes"] += ["LEAF" if leaf else branch for leaf in leaves]
    columns["nodes_truenodeids"] += np.where(leaves, 0, tree.left).tolist()
    columns["nodes_falsenodeids"] += np.where(leaves, 0, tree.right).tolist()
    tracks = np.where(leaves, 0, tree.missing_left).astype(int)
    columns["nodes_missing_value_tracks_true"] += tracks.tolist()
    for node in np.flatnonzero(leaves).tolist():
        # A leaf that adds nothing must stand there all the same, once.
        targets = np.flatnonzero(tree.values[node]).tolist() or [0]
        columns["target_treeids"] += [number] * len(targets)
        columns["target_nodeids"] += [node] * len(targets)
        columns["target_ids"] += targets
        columns["target_weights"] += tree.values[node, targets].tolist()


def _rounded(thresholds: Any, *, strict: bool) -> Any:  # noqa: ANN401 - an array
    """Float32 thresholds that part all float32 values as the float64 ones do.

    For ``x <= t`` that is the largest float32 of at most t; for ``x < t`` the least of at least t.
    """
    near = thresholds.astype(np.float32)
    wide = near.astype(np.float64)
    if strict:
        up = np.nextafter(near, np.float32(np.inf))
        return np.where(wide < thresholds, up, near).astype(np.float32)
    down = np.nextafter(near, np.float32(-np.inf))
    return np.where(wide > thresholds, down, near).astype(np.float32)


def _tensor(values: Any) -> onnx.TensorProto:  # noqa: ANN401 - an array
    return numpy_helper.from_array(np.asarray(values, dtype=np.float64), "")


def _linked(graph: _Graph, ensemble: Ensemble, sums: str) -> str:
    if ensemble.slope != 1 and "sigmoid" in ensemble.link:
        slope = graph.constant("slope", np.array(ensemble.slope, dtype=np.float32))
        sums = graph.add("Mul", [sums, slope], "steep_sums")
    if ensemble.link == "identity":
        return sums
    if ensemble.link == "softmax":
        return graph.add("Softmax", [sums], "linked", axis=1)
    if ensemble.link in _OPERATORS:
        return graph.add(_OPERATORS[ensemble.link], [sums], "linked")
    if ensemble.link == "square":
        absolute = graph.add("Abs", [sums], "absolute")
        return graph.add("Mul", [sums, absolute], "linked")
    zero = graph.constant("threshold", np.array(0, dtype=np.float32))
    above = graph.add("Greater", [sums, zero], "above")
    return graph.add("Cast", [above], "linked", to=TensorProto.FLOAT)


def _outputs(
    graph: _Graph, ensemble: Ensemble, form: Form, answer: str
) -> list[onnx.ValueInfoProto]:
    if not form.classes:
        return [_prediction(graph, ensemble, form, answer)]
    if ensemble.outputs == 1:
        one = graph.constant("one", np.array(1, dtype=np.float32))
        rest = graph.add("Sub", [one, answer], "rest")
        scores = graph.add("Concat", [rest, answer], "probabilities", axis=1)
    else:
        scores = graph.add("Identity", [answer], "probabilities")
    best = graph.add("ArgMax", [scores], "best", axis=1, keepdims=0)
    texts = isinstance(form.classes[0], str)
    classes = np.array(form.classes, dtype=object if texts else np.int64)
    graph.add("Gather", [graph.constant("classes", classes), best], "label", axis=0)
    kind = TensorProto.STRING if texts else TensorProto.INT64
    count = max(_TWO, ensemble.outputs)
    return [
        helper.make_tensor_value_info("label", kind, ["rows"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", count]),
    ]


def _prediction(graph: _Graph, ensemble: Ensemble, form: Form, answer: str) -> onnx.ValueInfoProto:
    if form.flat and ensemble.outputs == 1:
        axes = graph.constant("last", np.array([1], dtype=np.int64))
        graph.add("Squeeze", [answer, axes], "prediction")
        return helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["rows"])
    graph.add("Identity", [answer], "prediction")
    shape: list[str | int | None] = ["rows", ensemble.outputs]
    return helper.make_tensor_value_info("prediction", TensorProto.FLOAT, shape)
