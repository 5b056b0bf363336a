"""Histogram boosters: their trees, and the encoder of categories before them.

skl2onnx knows nothing of their categories (sklearn-onnx#1051), rounds their thresholds to float32
and leaves the link of a Poisson or gamma loss out. So they are read whole, and become what the
boosters of other libraries become.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import isna
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from coldpress.exporters.boosting._boosted import (
    Boosted,
    Forest,
    Link,
    Tree,
    Vocabulary,
    leaf,
    whole_labels,
)
from coldpress.exporters.boosting._chains import Nodes
from coldpress.exporters.boosting._pipelines import convert_boosted

from ._meta import classifier_shape
from ._nodes import float_type

__all__ = ["CONVERTERS", "SHAPES", "read"]

_LINKS: dict[str, Link] = {
    **dict.fromkeys(("squared_error", "absolute_error", "quantile"), "identity"),
    **dict.fromkeys(("gamma", "poisson"), "exp"),
}
_BITS = 32


def read(model: Any) -> Boosted:  # noqa: ANN401 - either of the two
    """What a `HistGradientBoostingClassifier` or `HistGradientBoostingRegressor` is.

    Raises:
        ExportError: Its class labels are neither strings nor whole numbers.
    """
    labels = whole_labels(model.classes_) if hasattr(model, "classes_") else ()
    margins = int(model.n_trees_per_iteration_)
    return Boosted(
        maker="scikit-learn",
        forest=_forest(model, margins),
        width=model.n_features_in_,
        names=tuple(getattr(model, "feature_names_in_", ())),
        link=("sigmoid" if margins == 1 else "softmax") if labels else _LINKS[model.loss],
        outputs=("label", "probabilities") if labels else ("variable",),
        ask=_asking(model),
        method="predict, predict_proba" if labels else "predict",
        labels=labels,
        single=False,
        vocabularies=_vocabularies(model),
    )


def _asking(model: Any) -> Any:  # noqa: ANN401 - as above
    def ask(rows: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        if hasattr(model, "classes_"):
            return model.predict(rows), model.predict_proba(rows)
        return (model.predict(rows).reshape(-1, 1),)

    return ask


def _categorical(model: Any) -> NDArray[np.bool_]:  # noqa: ANN401 - as above
    told = model.is_categorical_
    return np.zeros(model.n_features_in_, np.bool_) if told is None else np.asarray(told)


def _vocabularies(model: Any) -> Mapping[int, Vocabulary]:  # noqa: ANN401 - as above
    """The encoder's categories; what is none of them is missing to the trees."""
    features = np.flatnonzero(_categorical(model)).tolist()
    if not features:
        return {}
    encoder = model._preprocessor.named_transformers_["encoder"]
    return {
        feature: Vocabulary(categories=known[~isna(known)])
        for feature, known in zip(features, encoder.categories_, strict=True)
    }


def _forest(model: Any, margins: int) -> Forest:  # noqa: ANN401 - as above
    # The trees count the categories first, and then the numbers.
    columns = np.argsort(~_categorical(model), kind="stable").tolist()
    trees = [
        _tree(predictor, target, columns)
        for predictors in model._predictors
        for target, predictor in enumerate(predictors)
    ]
    base = np.broadcast_to(np.ravel(model._baseline_prediction), margins)
    return Forest(trees=trees or [leaf()], base=base.astype(np.float64))


def _tree(predictor: Any, target: int, columns: list[int]) -> Tree:  # noqa: ANN401 - scikit-learn's own
    nodes, leaves = Nodes(), np.flatnonzero(predictor.nodes["is_leaf"])
    for _ in predictor.nodes:
        nodes.keep()
    for place, node in enumerate(predictor.nodes):
        if node["is_leaf"]:
            continue
        feature = columns[node["feature_idx"]]
        if node["is_categorical"]:
            _put_set(nodes, place, feature, node, predictor)
        else:
            _put(nodes, place, feature, node, float(node["num_threshold"]))
    weights = predictor.nodes["value"][leaves].astype(np.float64)
    return nodes.tree(
        leaves=leaves.tolist(), targets=[target] * len(leaves), weights=weights.tolist()
    )


def _put(nodes: Nodes, place: int, feature: int, node: Any, threshold: float) -> None:  # noqa: ANN401 - a record
    nodes.put(
        place, mode="BRANCH_LEQ", feature=feature, value=threshold, yes=int(node["left"]),
        no=int(node["right"]), missing=bool(node["missing_go_to_left"]),
    )  # fmt: skip


def _put_set(nodes: Nodes, place: int, feature: int, node: Any, predictor: Any) -> None:  # noqa: ANN401 - a record, and what it is of
    left, right = int(node["left"]), int(node["right"])
    words = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
    members = [
        float(code)
        for code in range(_BITS * len(words))
        if int(words[code // _BITS]) >> (code % _BITS) & 1
    ]
    if members:
        missing = left if node["missing_go_to_left"] else right
        nodes.put_set(place, feature, members, member=left, other=right, missing=missing)
    else:
        # Where missing values alone go to the left: no code is below zero.
        _put(nodes, place, feature, node, -1.0)


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    # They compare in float64, whatever they are given.
    convert_boosted(scope, operator, container, read(operator.raw_operator), wide=True)


def _shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    if hasattr(operator.raw_operator, "classes_"):
        classifier_shape(operator)
    else:
        operator.outputs[0].type = float_type(operator, [None, 1])


_KINDS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = dict.fromkeys(_KINDS, _convert)
SHAPES: Mapping[type, Callable[[Any], None]] = dict.fromkeys(_KINDS, _shape)
