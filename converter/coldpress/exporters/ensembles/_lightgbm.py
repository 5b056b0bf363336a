"""LightGBM's boosters, read from the model that they dump."""

from __future__ import annotations

from typing import Any

import numpy as np

from coldpress.errors import ExportError

from ._ensemble import Ensemble, Link, Tree

__all__ = ["read_lightgbm"]

_LINKS: dict[str, Link] = {
    **dict.fromkeys(
        (
            *("regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape"),
            *("lambdarank", "rank_xendcg"),
        ),
        "identity",
    ),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(("binary", "cross_entropy"), "sigmoid"),
    "cross_entropy_lambda": "log1p exp",
    "multiclass": "softmax",
    "multiclassova": "sigmoid of each",
}


def read_lightgbm(booster: Any) -> Ensemble:  # noqa: ANN401 - untyped package
    """A booster as values; of one that stopped early, as many rounds as `predict` uses.

    Args:
        booster: A `lightgbm.Booster`.

    Raises:
        ExportError: It splits on categories, has linear leaves, takes zeros as missing, or has an
            objective of its own.
    """
    dump = booster.dump_model()
    objective, *words = (dump.get("objective") or "none").split()
    if objective not in _LINKS:
        raise ExportError(
            f"the LightGBM objective '{objective:.60}' is none that is known here; train with one "
            "of LightGBM's own"
        )
    settings = dict(word.partition(":")[::2] for word in words)
    link: Link = "square" if "sqrt" in settings else _LINKS[objective]
    outputs = int(dump["num_tree_per_iteration"])
    dumped = dump["tree_info"]
    rounds = max(1, len(dumped) // outputs)
    return Ensemble(
        features=int(dump["max_feature_idx"]) + 1,
        trees=tuple(_tree(one, place % outputs, outputs) for place, one in enumerate(dumped)),
        base=np.zeros(outputs),
        link=link,
        strict=False,
        scale=1 / rounds if dump["average_output"] else 1.0,
        slope=float(settings.get("sigmoid", 1)),
    )


def _tree(dumped: Any, output: int, outputs: int) -> Tree:  # noqa: ANN401 - JSON
    nodes: list[dict[str, Any]] = []
    links: list[tuple[int, int]] = []

    def add(node: dict[str, Any]) -> int:
        place = len(nodes)
        nodes.append(node)
        links.append((-1, -1))
        return place

    stack = [(add(dumped["tree_structure"]), dumped["tree_structure"])]
    while stack:
        place, node = stack.pop()
        if "left_child" in node:
            left, right = add(node["left_child"]), add(node["right_child"])
            links[place] = (left, right)
            stack += [(left, node["left_child"]), (right, node["right_child"])]
    missing_left = np.array([_missing_left(node) for node in nodes])
    values = np.zeros((len(nodes), outputs))
    values[:, output] = [_leaf(node) for node in nodes]
    return Tree(
        feature=np.array([node.get("split_feature", 0) for node in nodes]),
        threshold=np.array([float(node.get("threshold", 0)) for node in nodes]),
        left=np.array([left for left, _ in links]),
        right=np.array([right for _, right in links]),
        missing_left=missing_left,
        values=values,
    )


def _leaf(node: dict[str, Any]) -> float:
    if "leaf_const" in node or "leaf_coeff" in node:
        raise ExportError(
            "the LightGBM model has linear leaves (linear_tree), which ONNX's trees can't hold; "
            "train it without"
        )
    return float(node.get("leaf_value", 0)) if "left_child" not in node else 0.0


def _missing_left(node: dict[str, Any]) -> bool:
    """Where a NaN goes; with a missing type of None, LightGBM takes it for 0."""
    if "left_child" not in node:
        return False
    if node["decision_type"] != "<=":
        raise ExportError(
            "the LightGBM model splits on categories, which ONNX's trees can't hold; encode them "
            "with OneHotEncoder or OrdinalEncoder before it"
        )
    zero_left = float(node["threshold"]) >= 0
    if node["missing_type"] == "None":
        return zero_left
    default: bool = node["default_left"]
    if node["missing_type"] == "Zero" and default != zero_left:
        raise ExportError(
            "the LightGBM model takes zeros as missing (zero_as_missing), which ONNX's trees can't "
            "tell apart; train it without"
        )
    return default
