"""The decision of support-vector machines, which skl2onnx gives the wrong way round or as votes.

C.-C. Chang and C.-J. Lin, LIBSVM: a library for support vector machines, ACM Transactions on
Intelligent Systems and Technology 2 (2011).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import ExportError

from ._nodes import Nodes

__all__ = ["kernel_decision", "one_of_pairs"]

_BINARY = 2
_AXIS = np.array([1])


def kernel_decision(nodes: Nodes, machine: Any, *inputs: Any) -> str:  # noqa: ANN401 - an SVC
    """What `decision_function` gives, ``(rows, 1)`` for two classes, calculated in float64.

    Raises:
        ExportError: The kernel is a Python function, or given instead of rows.
    """
    wide = nodes.widened()
    rows = wide.side_by_side([wide.number(variable) for variable in inputs])
    count = len(machine.classes_)
    similar = _kernel(wide, machine, rows, _dense(machine.support_vectors_))
    weights = _weights(_dense(machine.dual_coef_), np.cumsum([0, *machine.n_support_]), count)
    scores = wide("Add", wide("MatMul", similar, weights), machine.intercept_.reshape(1, -1))
    if count > _BINARY and machine.decision_function_shape == "ovr":
        # A pair's score speaks for its first class.
        wins = wide("Cast", wide("Less", scores, np.array(0.0)), to=wide.float_type)
        scores = one_of_pairs(wide, wide("Neg", scores), wins, count)
    return nodes("Cast", scores, to=nodes.float_type)


def one_of_pairs(nodes: Nodes, confidences: str, wins: str, count: int) -> str:
    """Votes for each class, and the sum of confidences for a tie, ``(rows, classes)``.

    Args:
        nodes: Where it is written.
        confidences: For the second class of each pair of classes, ``(rows, pairs)``.
        wins: 1 where the second class wins, and 0, of the same shape.
        count: How many classes there are.
    """
    pairs = list(combinations(range(count), 2))
    first, second = (np.eye(count)[[pair[side] for pair in pairs]] for side in (0, 1))
    sure = nodes("MatMul", confidences, second - first)
    won = nodes("MatMul", wins, second - first)
    votes = nodes("Add", won, first.sum(axis=0).reshape(1, -1))
    third = nodes("Mul", nodes("Add", nodes("Abs", sure), np.array(1.0)), np.array(3.0))
    return nodes("Add", votes, nodes("Div", sure, third))


def _kernel(nodes: Nodes, machine: Any, rows: str, known: NDArray[Any]) -> str:  # noqa: ANN401
    """How similar each row is to each support vector, ``(rows, vectors)``."""
    kernel = machine.kernel
    if kernel not in ("linear", "poly", "rbf", "sigmoid"):
        raise ExportError(
            f"{type(machine).__name__} inside another estimator can't be exported with a kernel "
            "that is a Python function or precomputed; use 'linear', 'poly', 'rbf' or 'sigmoid'"
        )
    products = nodes("MatMul", rows, known.T)
    if kernel == "linear":
        return products
    gamma = np.array(float(machine._gamma))
    if kernel == "rbf":
        own = nodes("ReduceSumSquare", rows, _AXIS, keepdims=1)
        lengths = (known**2).sum(axis=1).reshape(1, -1)
        apart = nodes("Sub", nodes("Add", own, lengths), nodes("Add", products, products))
        return nodes("Exp", nodes("Mul", nodes("Max", apart, np.array(0.0)), -gamma))
    line = nodes("Add", nodes("Mul", products, gamma), np.array(float(machine.coef0)))
    if kernel == "sigmoid":
        return nodes("Tanh", line)
    return nodes("Pow", line, np.array(float(machine.degree)))


def _weights(coefficients: NDArray[Any], starts: NDArray[Any], count: int) -> NDArray[Any]:
    """What each vector counts in each pair of classes, ``(vectors, pairs)``."""
    if count == _BINARY:
        return coefficients.T
    columns = []
    for first, second in combinations(range(count), 2):
        column = np.zeros(coefficients.shape[1])
        for own, other in ((first, second - 1), (second, first)):
            of_class = slice(starts[own], starts[own + 1])
            column[of_class] = coefficients[other, of_class]
        columns.append(column)
    return np.column_stack(columns)


def _dense(values: Any) -> NDArray[Any]:  # noqa: ANN401 - as scikit-learn holds them
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)
