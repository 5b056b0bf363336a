"""LightGBM: what its own dump of a model says, tree by tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import ExportError
from coldpress.exporters._exported import Label

from ._boosted import ZERO, Boosted, Forest, Link, Tree, leaf, whole_labels
from ._chains import Nodes

__all__ = ["read"]

_LINKS: dict[str, Link] = {
    **dict.fromkeys(("binary", "multiclassova", "cross_entropy"), "sigmoid"),
    "multiclass": "softmax",
    "cross_entropy_lambda": "softplus",
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(
        (
            "", "custom", "none", "regression", "regression_l1", "huber", "fair", "quantile",
            "mape", "lambdarank", "rank_xendcg",
        ),
        "identity",
    ),
}  # fmt: skip
_ENDLESS = 1e300
_CLASSIFIERS = {"binary", "multiclass", "multiclassova", "cross_entropy"}


def read(model: Any) -> Boosted:  # noqa: ANN401 - an `LGBMModel` or a `Booster`
    """What a LightGBM model is.

    Raises:
        ExportError: It is of a kind that is not exported.
    """
    import lightgbm  # noqa: PLC0415 - there is a model of it, so it is imported

    dump = _dump(model)
    classifier = isinstance(model, lightgbm.LGBMClassifier)
    link, steepness = _link(model, dump, classifier=classifier)
    infos = dump["feature_infos"]
    single = ("score",) if isinstance(model, lightgbm.LGBMRanker) else ("variable",)
    return Boosted(
        maker="LightGBM",
        forest=_forest(dump),
        width=len(dump["feature_names"]),
        names=_names(dump),
        link=link,
        steepness=steepness,
        outputs=("label", "probabilities") if classifier else single,
        ask=_asking(model, classifier=classifier),
        method="predict, predict_proba" if classifier else "predict",
        labels=_labels(model, dump) if classifier else (),
        single=False,
        zero_missing=_zero_missing(dump),
        categories=_categories(dump),
        below_zero="zero",
        lists=_lists(dump),
        listed=tuple(_is_listed(infos.get(name, {})) for name in dump["feature_names"]),
    )


def _forest(dump: Mapping[str, Any]) -> Forest:
    targets, infos = dump["num_tree_per_iteration"], dump["tree_info"]
    share = targets / len(infos) if dump["average_output"] and infos else 1.0
    trees = [_tree(info, index % targets, share) for index, info in enumerate(infos)]
    return Forest(trees=trees or [leaf()], base=np.zeros(targets))


def _names(dump: Mapping[str, Any]) -> tuple[str, ...]:
    names = tuple(dump["feature_names"])
    made_up = tuple(f"Column_{index}" for index in range(len(names)))
    return () if names == made_up else names


def _labels(model: Any, dump: Mapping[str, Any]) -> tuple[Label, ...]:  # noqa: ANN401 - untyped
    labels = whole_labels(model.classes_)
    if len(labels) != max(2, dump["num_tree_per_iteration"]):
        raise ExportError("the LGBMClassifier knows a single class; train it on two or more")
    return labels


def _dump(model: Any) -> Mapping[str, Any]:  # noqa: ANN401 - untyped
    import lightgbm  # noqa: PLC0415 - as above

    booster = model if isinstance(model, lightgbm.Booster) else model.booster_
    # As in predict, the best round is the last where there was one.
    dump: Mapping[str, Any] = booster.dump_model()
    return dump


def _lists(dump: Mapping[str, Any]) -> tuple[NDArray[Any], ...]:
    """The categories of pandas' columns: what is none of them, and what is missing, becomes NaN."""
    return tuple(map(_listed, dump.get("pandas_categorical") or ()))


def _is_listed(info: Mapping[str, Any]) -> bool:
    """Whether training took a feature for unordered categories, whose codes it then lists."""
    return bool(info.get("values"))


def _listed(categories: Sequence[Any]) -> NDArray[Any]:
    text = not categories or isinstance(categories[0], str)
    return np.array(categories, dtype=object if text else None)


def _asking(model: Any, *, classifier: bool) -> Any:  # noqa: ANN401 - untyped
    def ask(rows: object) -> tuple[NDArray[Any], ...]:
        if classifier:
            return model.predict(rows), model.predict_proba(rows)
        return (_column(model.predict(rows)),)

    return ask


def _column(answer: NDArray[Any]) -> NDArray[Any]:
    return answer.reshape(len(answer), -1)


def _link(model: Any, dump: Mapping[str, Any], *, classifier: bool) -> tuple[Link, float]:  # noqa: ANN401 - untyped
    """The link, and what margins are multiplied by before it."""
    name, *parameters = (dump.get("objective") or "").split() or [""]
    own = callable(getattr(model, "objective_", None)) or callable(
        getattr(model, "objective", None)
    )
    if classifier and (own or name not in _CLASSIFIERS):
        raise ExportError(
            f"the LGBMClassifier was trained with the objective "
            f"{'of a Python function' if own else name}, for which it gives no probabilities; "
            "train it with one of LightGBM's own for classes"
        )
    if name not in _LINKS:
        raise ExportError(f"LightGBM's objective {name} is unknown here; take another objective")
    if name == "regression" and "sqrt" in parameters:
        return "signed square", 1.0
    told = dict(parameter.partition(":")[::2] for parameter in parameters)
    return _LINKS[name], float(told.get("sigmoid", 1)) if _LINKS[name] == "sigmoid" else 1.0


def _tree(info: Mapping[str, Any], target: int, share: float) -> Tree:
    nodes, leaves, weights = Nodes(), [], []
    # Nodes that are still to be put, and the place that is kept for each.
    waiting = [(info["tree_structure"], nodes.keep())]
    while waiting:
        node, place = waiting.pop()
        if "split_feature" not in node:
            if "leaf_coeff" in node:
                raise _linear()
            leaves.append(place)
            weights.append(node["leaf_value"] * share)
            continue
        left, right = nodes.keep(), nodes.keep()
        waiting += [(node["left_child"], left), (node["right_child"], right)]
        _put(nodes, place, node, left, right)
    return nodes.tree(leaves=leaves, targets=[target] * len(leaves), weights=weights)


def _put(nodes: Nodes, place: int, node: Mapping[str, Any], left: int, right: int) -> None:
    feature = node["split_feature"]
    if node["decision_type"] == "==":
        # A member of the set goes left; what is missing is no member.
        wanted = [float(category) for category in node["threshold"].split("||")]
        nodes.put_set(place, feature, wanted, member=left, other=right, missing=right)
        return
    threshold = float(node["threshold"])
    if threshold == -ZERO:
        # The number itself counts as zero, which is above it.
        threshold = float(np.nextafter(threshold, -np.inf))
    # Where nothing was missing in training, NaN counts as zero.
    if threshold >= _ENDLESS:
        # The dump has no infinity; the model does, in memory and in its own files.
        threshold = np.inf
    goes_left = threshold >= 0 if node["missing_type"] == "None" else node["default_left"]
    nodes.put(
        place, mode="BRANCH_LEQ", feature=feature, value=threshold, yes=left, no=right,
        missing=goes_left,
    )  # fmt: skip


def _zero_missing(dump: Mapping[str, Any]) -> bool:
    kinds = {node["missing_type"] for node in _splits(dump) if node["decision_type"] == "<="}
    if kinds >= {"Zero", "NaN"}:
        raise ExportError(
            "the LightGBM model takes zero as missing in some splits and not in others; "
            "train it with the same zero_as_missing for all of them"
        )
    return "Zero" in kinds


def _categories(dump: Mapping[str, Any]) -> tuple[int, ...]:
    found = {node["split_feature"] for node in _splits(dump) if node["decision_type"] == "=="}
    return tuple(sorted(found))


def _splits(dump: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    waiting = [info["tree_structure"] for info in dump["tree_info"]]
    found = []
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            found.append(node)
            waiting += [node["left_child"], node["right_child"]]
    return found


def _linear() -> ExportError:
    return ExportError(
        "the LightGBM model has linear models in its leaves (linear_tree), which ONNX's trees have "
        "not; train it without"
    )
