"""CatBoost: what its own JSON file says, tree by tree.

Its own ONNX export has trees that are not symmetric and links not at all, rounds leaves to float32,
and is corrupt for several targets (catboost#1940).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import ExportError

from ._boosted import Boosted, Forest, Link, Tree, leaf, whole_labels
from ._chains import Nodes

__all__ = ["read"]

_Split: TypeAlias = Mapping[str, Any]
# Index of a feature among the numbers → its column, and whether NaN is above every border.
_Features: TypeAlias = Mapping[int, tuple[int, bool]]

_LINKS: dict[str, Link] = {
    "RawFormulaVal": "identity",
    "Exponent": "exp",
    "Logloss": "sigmoid",
    "CrossEntropy": "sigmoid",
    "MultiClass": "softmax",
    "MultiClassOneVsAll": "sigmoid",
}
_MIDDLE = 0.5


def read(model: Any) -> Boosted:  # noqa: ANN401 - untyped package
    """What a CatBoost model is.

    Raises:
        ExportError: It is of a kind that is not exported.
    """
    import catboost  # noqa: PLC0415 - there is a model of it, so it is imported

    _check(model)
    classifier = isinstance(model, catboost.CatBoostClassifier)
    labels = _labels(model) if classifier else ()
    told = _told(model)
    scale, bias = told["scale_and_bias"]
    base = np.atleast_1d(np.asarray(bias, np.float64))
    names = tuple(model.feature_names_)
    outputs = ("score",) if isinstance(model, catboost.CatBoostRanker) else ("variable",)
    return Boosted(
        maker="CatBoost",
        forest=Forest(trees=list(_trees(told, scale)) or [leaf()], base=base),
        width=len(names),
        names=() if names == tuple(map(str, range(len(names)))) else names,
        link=_link(model, classifier=classifier),
        outputs=("label", "probabilities") if labels else outputs,
        ask=_asking(model, labels),
        method="predict, predict_proba" if classifier else "predict",
        labels=labels,
    )


def _check(model: Any) -> None:  # noqa: ANN401 - as above
    kinds = {
        "categorical": model.get_cat_feature_indices(),
        "text": model.get_text_feature_indices(),
        "embedding": model.get_embedding_feature_indices(),
    }
    for kind, found in kinds.items():
        if found:
            raise ExportError(
                f"the CatBoost model has {kind} features, which Coldpress can't export; "
                "encode them as numbers before it"
            )
    if _loss(model) == "RMSEWithUncertainty":
        raise ExportError(
            "the CatBoost model predicts its own uncertainty (RMSEWithUncertainty), which "
            "Coldpress can't repeat; train one for the mean with the loss RMSE"
        )


def _loss(model: Any) -> str:  # noqa: ANN401 - as above
    given = model.get_all_params().get("loss_function") or ""
    return str(given).partition(":")[0]


def _labels(model: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    classes = np.asarray(model.classes_)
    threshold = model.get_probability_threshold() if len(classes) == 2 else None  # noqa: PLR2004 - binary
    if threshold not in {None, _MIDDLE}:
        raise ExportError(
            f"the CatBoostClassifier decides at a probability of {threshold:g}, which a label in "
            "ONNX has no place for; set its probability threshold back to 0.5"
        )
    return whole_labels(classes)


def _link(model: Any, *, classifier: bool) -> Link:  # noqa: ANN401 - as above
    loss = _loss(model)
    if classifier and loss not in _LINKS:
        raise ExportError(
            f"the CatBoostClassifier was trained with the loss {loss}, for which Coldpress knows "
            "no probabilities; train it with Logloss or MultiClass"
        )
    if classifier:
        return _LINKS[loss]
    default = getattr(model, "_get_default_prediction_type", lambda: "RawFormulaVal")()
    return _LINKS[default]


def _asking(model: Any, labels: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
    def ask(rows: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        if labels:
            return model.predict(rows), model.predict_proba(rows)
        return (model.predict(rows).reshape(len(rows), -1),)

    return ask


def _told(model: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        told: Mapping[str, Any] = json.loads(path.read_bytes())
    return told


def _trees(told: Mapping[str, Any], scale: float) -> Iterator[Tree]:
    features = {
        feature["feature_index"]: (
            feature["flat_feature_index"],
            feature["nan_value_treatment"] == "AsTrue",
        )
        for feature in told["features_info"]["float_features"]
    }
    for tree in told.get("oblivious_trees", ()):
        leaves = np.reshape(tree["leaf_values"], (2 ** len(tree["splits"]), -1)) * scale
        yield _symmetric(tree["splits"], leaves, features)
    for tree in told.get("trees", ()):
        yield _free(tree, scale, features)


def _symmetric(splits: Sequence[_Split], leaves: NDArray[np.float64], features: _Features) -> Tree:
    """A tree whose nodes of one depth ask the same; the bits of a leaf's number are the answers."""
    nodes = Nodes()
    for depth, split in enumerate(reversed(splits)):
        first = 2**depth - 1
        for place in range(first, first + 2**depth):
            _put(nodes, nodes.keep(), split, features, (2 * place + 1, 2 * place + 2))
    return _with_leaves(nodes, [nodes.keep() for _ in leaves], leaves)


def _free(tree: Mapping[str, Any], scale: float, features: _Features) -> Tree:
    nodes, places, values = Nodes(), [], []
    # Nodes that are still to be put, and the place that is kept for each.
    waiting = [(tree, nodes.keep())]
    while waiting:
        node, place = waiting.pop()
        if "split" not in node:
            places.append(place)
            values.append(np.atleast_1d(node["value"]) * scale)
            continue
        no, yes = nodes.keep(), nodes.keep()
        waiting += [(node["left"], no), (node["right"], yes)]
        _put(nodes, place, node["split"], features, (no, yes))
    return _with_leaves(nodes, places, np.stack(values))


def _put(
    nodes: Nodes, place: int, split: _Split, features: _Features, ways: tuple[int, int]
) -> None:
    """Put a split; the first way is for numbers up to its border, the second for those above."""
    feature, missing = features[split["float_feature_index"]]
    border = float(np.float32(split["border"]))
    nodes.put(
        place,
        mode="BRANCH_GT",
        feature=feature,
        value=border,
        yes=ways[1],
        no=ways[0],
        missing=missing,
    )


def _with_leaves(nodes: Nodes, places: Sequence[int], values: NDArray[np.float64]) -> Tree:
    targets = values.shape[1]
    return nodes.tree(
        leaves=np.repeat(places, targets).tolist(),
        targets=np.tile(np.arange(targets), len(places)).tolist(),
        weights=values.ravel().tolist(),
    )
