"""An estimator as an equal one that skl2onnx knows, where it knows the one and not the other.

Searches are their best candidate, frozen estimators what they hold, sparse results dense ones: the
copy answers alike, and is converted instead. The original stays as it is, and is what the export
is held against.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import RFE, RFECV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.semi_supervised import SelfTrainingClassifier

__all__ = ["rewritten"]

# Types whose parts are many and need no rewriting.
_PLAIN = (np.ndarray, str, bytes, int, float)


def rewritten(model: BaseEstimator) -> BaseEstimator:
    """The model itself, or an equal one with other parts."""
    found: BaseEstimator = _rewritten(_answering(model), {})
    return found


def _rewritten(part: Any, known: dict[int, Any]) -> Any:  # noqa: ANN401 - whatever an attribute holds
    if isinstance(part, _PLAIN) or part is None:
        return part
    if id(part) not in known:
        # What refers to itself is left as it is.
        known[id(part)] = part
        known[id(part)] = _copied(part, known)
    return known[id(part)]


def _copied(part: Any, known: dict[int, Any]) -> Any:  # noqa: ANN401 - as above
    if type(part) in {list, tuple}:
        items = [_rewritten(item, known) for item in part]
        changed = any(new is not old for new, old in zip(items, part, strict=True))
        return type(part)(items) if changed else part
    if isinstance(part, dict):
        values = {key: _rewritten(value, known) for key, value in part.items()}
        return type(part)(values) if any(values[k] is not part[k] for k in part) else part
    if not isinstance(part, BaseEstimator) and type(part).__name__ != "_CalibratedClassifier":
        return part
    part = _by_rule(part)
    fields = {name: _rewritten(value, known) for name, value in vars(part).items()}
    if all(value is vars(part)[name] for name, value in fields.items()):
        return part
    made = copy.copy(part)
    made.__dict__.update(fields)
    return made


def _by_rule(part: Any) -> Any:  # noqa: ANN401 - an estimator
    try:
        return _RULES[type(part)](part) if type(part) in _RULES else part
    except AttributeError:
        # A template that was never fitted itself; its fitted copy stands beside it.
        return part


def _answering(model: BaseEstimator) -> BaseEstimator:
    """A selection of features that ends a model answers with the estimator inside it."""
    if isinstance(model, Pipeline):
        *before, (name, last) = model.steps
        return Pipeline([*before, (name, _answering(last))]) if last != "passthrough" else model
    if isinstance(model, RFE | RFECV):
        return Pipeline([("selection", model), ("estimator", model.estimator_)])
    return model


def _best(search: Any) -> Any:  # noqa: ANN401 - a search, and its candidate
    return search.best_estimator_


def _frozen(part: Any) -> Any:  # noqa: ANN401 - as above
    return part.estimator


def _inner(part: Any) -> Any:  # noqa: ANN401 - as above
    return part.estimator_


def _without_empty_steps(pipeline: Pipeline) -> BaseEstimator:
    steps = [(name, step) for name, step in pipeline.steps if step not in (None, "passthrough")]
    if len(steps) == len(pipeline.steps) or not steps:
        return pipeline
    return Pipeline(steps)


def _with(part: BaseEstimator, **fields: Any) -> BaseEstimator:  # noqa: ANN401 - any attribute
    made = copy.copy(part)
    made.__dict__.update(fields)
    return made


def _voting(part: Any) -> Any:  # noqa: ANN401 - one of two
    # The estimators that were dropped had weights, too.
    weights = None if part.weights is None else np.asarray(part._weights_not_none, dtype=float)
    return _with(part, weights=weights, flatten_transform=False)


def _dense_bins(part: KBinsDiscretizer) -> BaseEstimator:
    return _with(part, encode="onehot-dense") if part.encode == "onehot" else part


def _text_in_two_steps(part: TfidfVectorizer) -> BaseEstimator:
    counts = CountVectorizer()
    counts.__dict__.update({name: v for name, v in vars(part).items() if name != "_tfidf"})
    return Pipeline([("counts", counts), ("weights", part._tfidf)])


def _union(part: FeatureUnion) -> BaseEstimator:
    kept = [(name, step) for name, step in part.transformer_list if step != "drop"]
    return _with(part, transformer_list=kept) if len(kept) < len(part.transformer_list) else part


_RULES: Mapping[type, Callable[[Any], Any]] = {
    FeatureUnion: _union,
    FrozenEstimator: _frozen,
    GridSearchCV: _best,
    KBinsDiscretizer: _dense_bins,
    Pipeline: _without_empty_steps,
    RandomizedSearchCV: _best,
    SelfTrainingClassifier: _inner,
    TfidfVectorizer: _text_in_two_steps,
    VotingClassifier: _voting,
    VotingRegressor: _voting,
}
