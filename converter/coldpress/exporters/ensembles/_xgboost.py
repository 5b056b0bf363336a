"""XGBoost's boosters, read from their own JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from coldpress.errors import ExportError

from ._ensemble import Ensemble, Linear, Link, Tree

__all__ = ["read_xgboost"]

_LINKS: dict[str, Link] = {
    **dict.fromkeys(
        (
            *("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:linear"),
            *("reg:pseudohubererror", "reg:quantileerror", "reg:expectileerror"),
            *("binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map"),
        ),
        "identity",
    ),
    **dict.fromkeys(("reg:logistic", "binary:logistic"), "sigmoid"),
    **dict.fromkeys(
        ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"), "exp"
    ),
    **dict.fromkeys(("multi:softprob", "multi:softmax"), "softmax"),
    "binary:hinge": "step",
}
# Link → from the constant as XGBoost keeps it, an answer, to what it adds to the sum.
_INVERSES: Mapping[str, Callable[[float], float]] = {
    "sigmoid": lambda p: math.log(p / (1 - p)),
    "exp": math.log,
}
_CATEGORICAL = 1


def read_xgboost(booster: Any, *, rounds: int | None, missing: float | None) -> Ensemble:  # noqa: ANN401 - untyped package
    """A booster as values.

    Args:
        booster: An `xgboost.Booster`.
        rounds: How many rounds of boosting `predict` uses; None for all.
        missing: Value that stands for a missing one; None or NaN where only NaN does.

    Raises:
        ExportError: It splits on categories, or has an objective of its own.
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    if objective not in _LINKS:
        raise ExportError(
            f"the XGBoost objective '{objective:.60}' is none that is known here; train with one "
            "of XGBoost's own, or predict margins"
        )
    link, parameters = _LINKS[objective], learner["learner_model_param"]
    outputs = max(1, int(parameters["num_class"]), int(parameters["num_target"]))
    features = int(parameters["num_feature"])
    base = _base(parameters["base_score"], link, outputs)
    plain = None if missing is None or math.isnan(missing) else float(missing)
    gradient = learner["gradient_booster"]
    if gradient["name"] == "gblinear":
        weights = np.array(gradient["model"]["weights"]).reshape(features + 1, outputs)
        trees: tuple[Tree, ...] | Linear = Linear(weights=weights[:-1])
        base = base + weights[-1]
    else:
        trees = _trees(gradient, outputs, rounds)
    return Ensemble(
        features=features, trees=trees, base=base, link=link, strict=True, missing=plain
    )


def _base(text: str, link: Link, outputs: int) -> Any:  # noqa: ANN401 - an array
    found = json.loads(text)
    scores = [float(s) for s in (found if isinstance(found, list) else [found])]
    inverse = _INVERSES.get(link, float)
    base = np.array([inverse(score) for score in scores])
    return np.broadcast_to(base, (outputs,)).copy()


def _trees(gradient: Any, outputs: int, rounds: int | None) -> tuple[Tree, ...]:  # noqa: ANN401 - JSON
    drops = gradient.get("weight_drop")
    model = gradient["gbtree"]["model"] if "gbtree" in gradient else gradient["model"]
    last = None if rounds is None else model["iteration_indptr"][rounds]
    trees, groups = model["trees"][:last], model["tree_info"]
    factors = drops or [1.0] * len(trees)
    return tuple(
        _tree(tree, group, factor, outputs)
        for tree, group, factor in zip(trees, groups, factors, strict=False)
    )


def _tree(tree: Any, group: int, factor: float, outputs: int) -> Tree:  # noqa: ANN401 - JSON
    left = np.array(tree["left_children"])
    leaves = left == -1
    if _CATEGORICAL in np.array(tree["split_type"])[~leaves]:
        raise ExportError(
            "the XGBoost model splits on categories (enable_categorical), which ONNX's trees can't "
            "hold; encode them with OneHotEncoder or OrdinalEncoder before it"
        )
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    values = np.zeros((len(left), outputs))
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        vectors = np.array(tree["leaf_weights"]).reshape(-1, outputs)
        values[leaves] = vectors[np.array(tree["right_children"])[leaves]]
    else:
        values[leaves, group] = conditions[leaves]
    return Tree(
        feature=np.array(tree["split_indices"]),
        threshold=np.where(leaves, 0, conditions),
        left=left,
        right=np.where(leaves, -1, tree["right_children"]),
        missing_left=np.array(tree["default_left"], dtype=bool),
        values=values * factor,
    )
