"""XGBoost: what its own model file says, tree by tree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import ExportError
from coldpress.exporters._exported import Label

from ._boosted import Boosted, Forest, Link, Tree, leaf, whole_labels
from ._chains import Nodes

__all__ = ["read"]

_NONE = -1
_COLUMNS = ("left_children", "right_children", "split_indices", "default_left")
_LINKS: dict[str, Link] = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "sigmoid"),
    **dict.fromkeys(("multi:softprob",), "softmax"),
    "multi:softmax": "winner",
    "binary:hinge": "positive",
    **dict.fromkeys(
        ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"), "exp"
    ),
    **dict.fromkeys(
        (
            "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:quantileerror",
            "reg:pseudohubererror", "reg:expectileerror", "binary:logitraw", "rank:pairwise",
            "rank:ndcg", "rank:map",
        ),
        "identity",
    ),
}  # fmt: skip
# What a classifier of the scikit-learn kind may have learnt by: the others give no probabilities.
_CLASSIFIERS: dict[str, Link] = {
    "binary:logistic": "sigmoid",
    "binary:hinge": "positive",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
}


def read(model: Any) -> Boosted:  # noqa: ANN401 - an `XGBModel` or a `Booster`
    """What an XGBoost model is.

    Raises:
        ExportError: It is of a kind that is not exported.
    """
    import xgboost  # noqa: PLC0415 - there is a model of it, so it is imported

    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    classifier = isinstance(model, xgboost.XGBClassifier)
    link = _link(model, learner, classifier=classifier)
    forest = _forest(learner, _rounds(model))
    return Boosted(
        maker="XGBoost",
        forest=forest,
        width=int(learner["learner_model_param"]["num_feature"]),
        names=tuple(learner["feature_names"]),
        link=link,
        outputs=_outputs(model, classifier=classifier),
        ask=_asking(model, classifier=classifier),
        method="predict, predict_proba" if classifier else "predict",
        labels=_labels(model, len(forest.base)) if classifier else (),
        missing=_missing(model),
        categories=_categories(learner),
    )


def _rounds(model: Any) -> int | None:  # noqa: ANN401 - as above
    """How many rounds predict uses; None for all, as a booster without a face always does."""
    best = getattr(model, "best_iteration", None) if hasattr(model, "get_booster") else None
    return None if best is None else best + 1


def _labels(model: Any, margins: int) -> tuple[Label, ...]:  # noqa: ANN401 - as above
    labels = whole_labels(model.classes_)
    if len(labels) != max(2, margins):
        raise ExportError(
            "the XGBClassifier gives several labels to a row, which has no form in Coldpress; "
            "export a model for each of them"
        )
    return labels


def _missing(model: Any) -> float | None:  # noqa: ANN401 - as above
    value = getattr(model, "missing", None)
    return None if value is None or np.isnan(value) else float(value)


def _outputs(model: Any, *, classifier: bool) -> tuple[str, ...]:  # noqa: ANN401 - as above
    import xgboost  # noqa: PLC0415 - as above

    if classifier:
        return ("label", "probabilities")
    return ("score",) if isinstance(model, xgboost.XGBRanker) else ("variable",)


def _asking(model: Any, *, classifier: bool) -> Any:  # noqa: ANN401 - as above
    import xgboost  # noqa: PLC0415 - as above

    if classifier:
        return lambda rows: (model.predict(rows), model.predict_proba(rows))
    if not isinstance(model, xgboost.Booster):
        return lambda rows: (_column(model.predict(rows)),)

    def ask(rows: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        matrix = xgboost.DMatrix(
            rows, feature_names=model.feature_names, feature_types=model.feature_types
        )
        return (_column(model.predict(matrix)),)

    return ask


def _column(answer: NDArray[Any]) -> NDArray[Any]:
    return answer.reshape(len(answer), -1)


def _link(model: Any, learner: Mapping[str, Any], *, classifier: bool) -> Link:  # noqa: ANN401 - as above
    objective = learner["objective"]["name"]
    own = callable(getattr(model, "objective", None))
    if own and not classifier:
        # What XGBoost then gives is the margin.
        return "identity"
    links = _CLASSIFIERS if classifier else _LINKS
    if own or objective not in links:
        raise ExportError(
            f"the {type(model).__name__} was trained with the objective "
            f"{'of a Python function' if own else objective}, whose predictions Coldpress can't "
            "repeat; " + ("train it with one of XGBoost's own" if own else "take another objective")
        )
    return links[objective]


def _forest(learner: Mapping[str, Any], rounds: int | None) -> Forest:
    trees, weights, model = _trees(learner)
    ends = model["iteration_indptr"]
    count = ends[rounds] if rounds is not None and rounds < len(ends) else len(trees)
    base = _base(learner)
    read_trees = [
        _tree(tree, group, np.float32(weight))
        for tree, group, weight in zip(trees[:count], model["tree_info"], weights, strict=False)
    ]
    return Forest(trees=read_trees or [leaf()], base=base)


def _trees(learner: Mapping[str, Any]) -> tuple[list[Any], Sequence[float], Mapping[str, Any]]:
    """The trees, what each of them counts, and the model that they are in."""
    booster = learner["gradient_booster"]
    if booster["name"] == "gblinear":
        raise ExportError(
            "the XGBoost model is linear (gblinear), not made of trees; "
            "train one of scikit-learn's linear models instead"
        )
    inner = booster.get("gbtree", booster)
    model: Mapping[str, Any] = inner["model"]
    if any(category["values"] for category in model.get("cats", {}).get("enc", ())):
        raise ExportError(
            "the XGBoost model was trained on columns of the pandas type category, of which "
            "XGBoost takes an unseen one for the next in order, and ONNX can't; encode them as "
            "whole numbers, with feature_types of 'c' for them"
        )
    trees = model["trees"]
    return trees, booster.get("weight_drop", [1.0] * len(trees)), model


def _base(learner: Mapping[str, Any]) -> NDArray[np.float64]:
    """What margins start from: the file has it as a prediction."""
    parameters = learner["learner_model_param"]
    given = np.atleast_1d(np.asarray(json.loads(parameters["base_score"]), np.float32))
    groups = max(int(parameters["num_class"]), int(parameters["num_target"]), 1)
    margins = np.broadcast_to(given, groups).astype(np.float64)
    link = _LINKS.get(learner["objective"]["name"], "identity")
    with np.errstate(divide="ignore"):
        if link == "sigmoid":
            margins = -np.log(1 / margins - 1)
        elif link == "exp":
            margins = np.log(margins)
    if not np.isfinite(margins).all():
        raise ExportError(
            "the XGBoost model's base_score is one that its objective has no margin for; "
            "train it with another, or with none"
        )
    return margins


def _tree(tree: Mapping[str, Any], group: int, weight: np.float32) -> Tree:
    left, right = np.asarray(tree["left_children"]), np.asarray(tree["right_children"])
    leaves = np.flatnonzero(left == _NONE)
    size = int(tree["tree_param"]["size_leaf_vector"])
    if size > 1:
        # Leaves that add to every target keep their numbers apart, in the order of `right`.
        added = np.asarray(tree["leaf_weights"], np.float32).reshape(-1, size)[right[leaves]]
        nodes, groups = np.repeat(leaves, size), np.tile(np.arange(size), len(leaves))
    else:
        added = np.asarray(tree["split_conditions"], np.float32)[leaves]
        nodes, groups = leaves, np.full(len(leaves), group)
    return _nodes(tree).tree(
        leaves=nodes.tolist(), targets=groups.tolist(), weights=(added.ravel() * weight).tolist()
    )


def _nodes(tree: Mapping[str, Any]) -> Nodes:
    segments = zip(tree["categories_segments"], tree["categories_sizes"], strict=True)
    sets = {
        node: [float(category) for category in tree["categories"][first : first + size]]
        for node, (first, size) in zip(tree["categories_nodes"], segments, strict=True)
    }
    values = np.asarray(tree["split_conditions"], np.float32).tolist()
    nodes = Nodes()
    for _ in values:
        nodes.keep()
    for place, (left, right, feature, missing) in enumerate(
        zip(*(tree[name] for name in _COLUMNS), strict=True)
    ):
        if left == _NONE:
            continue
        if place in sets:
            way = left if missing else right
            nodes.put_set(place, feature, sets[place], member=right, other=left, missing=way)
        else:
            nodes.put(
                place, mode="BRANCH_LT", feature=feature, value=values[place], yes=left, no=right,
                missing=bool(missing),
            )  # fmt: skip
    return nodes


def _categories(learner: Mapping[str, Any]) -> tuple[int, ...]:
    types = learner["feature_types"]
    return tuple(index for index, kind in enumerate(types) if kind == "c")
