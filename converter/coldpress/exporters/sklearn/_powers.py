"""Power transformations, in which a missing value stays missing; skl2onnx makes it a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import PowerTransformer

from ._functions import expm1, log1p
from ._nodes import Nodes, float_type

__all__ = ["CONVERTERS", "SHAPES"]

# Below it scipy takes a power for 0, whose transformation is a logarithm.
_NONE = np.finfo(np.float64).eps


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped package
    model = operator.raw_operator
    nodes = Nodes(scope, operator, container).widened()
    powers = np.reshape(model.lambdas_, (1, -1))
    box_cox = model.method == "box-cox"
    rows = (_box_cox if box_cox else _yeo_johnson)(nodes, nodes.numbers(), powers)
    if model.standardize:
        rows = nodes("Sub", rows, model._scaler.mean_.reshape(1, -1))
        rows = nodes("Div", rows, model._scaler.scale_.reshape(1, -1))
    nodes.give_numbers(rows)


def _box_cox(nodes: Nodes, rows: str, powers: NDArray[Any]) -> str:
    return _raised(nodes, nodes("Log", rows), powers)


def _yeo_johnson(nodes: Nodes, rows: str, powers: NDArray[Any]) -> str:
    """Box and Cox's of ``1 + rows``, and below zero its mirror with ``2 - powers``.

    I.-K. Yeo and R. A. Johnson, A new family of power transformations to improve normality or
    symmetry, Biometrika 87 (2000).
    """
    log = log1p(nodes, nodes("Abs", rows))
    above, below = _raised(nodes, log, powers), _raised(nodes, log, 2 - powers)
    positive = nodes("GreaterOrEqual", rows, np.array(0.0))
    return nodes("Where", positive, above, nodes("Neg", below))


def _raised(nodes: Nodes, log: str, powers: NDArray[Any]) -> str:
    """``(exp(log)^power - 1) / power``, and the logarithm itself where the power is 0."""
    none = np.abs(powers) < _NONE
    given = np.where(none, 1.0, powers)
    raised = nodes("Div", expm1(nodes, nodes("Mul", log, given)), given)
    return nodes("Where", none, log, raised) if none.any() else raised


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    width = len(operator.raw_operator.lambdas_)
    operator.outputs[0].type = float_type(operator, [None, width])


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {PowerTransformer: _convert}
SHAPES: Mapping[type, Callable[[Any], None]] = {PowerTransformer: _shape}
