"""The original's answers, in the shape and types of the export's outputs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_clusterer, is_outlier_detector
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import Pipeline

from coldpress.errors import ExportError
from coldpress.exporters._exported import Label, Outputs
from coldpress_runtime.session import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress_runtime.artifact import TensorSpec

__all__ = ["Original", "answer", "call", "class_labels", "methods_of"]

_BINARY = 2
_NAMES = {
    "predict": "label",
    "predict_proba": "probabilities",
    "decision_function": "scores",
    "transform": "scores",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Which methods of an estimator its export stands for.

    Attributes:
        methods: One for each output of the graph, in the graph's order.
        labelled: Whether the first is a label.
        targets: The classes of each target, where there are several with probabilities of their
            own: then the outputs are a label for each, and after them probabilities for each.
    """

    methods: tuple[str, ...]
    labelled: bool
    targets: tuple[tuple[Label, ...], ...] = ()

    def name(self, index: int, given: str) -> str:
        """What to call an output of the graph; `given` where it is neither label nor scores."""
        if count := len(self.targets):
            kind = _NAMES[self.methods[index // count]]
            return f"{kind}_{index % count + 1}"
        return _NAMES.get(self.methods[index], given) if self.labelled else given

    def label_outputs(self, names: Sequence[str]) -> frozenset[str]:
        """The outputs that are labels."""
        return frozenset(names[: max(1, len(self.targets))] if self.labelled else ())

    def rankings(self, names: Sequence[str]) -> dict[str, str]:
        """How the label follows from the scores, where there are any."""
        if not self.labelled or len(names) == 1:
            return {}
        return dict(zip(names, names[max(1, len(self.targets)) :], strict=False))


def methods_of(model: BaseEstimator) -> Original:
    """The methods whose answers skl2onnx's outputs are, in its order.

    Raises:
        ExportError: The estimator answers only for the rows that it was fitted on.
    """
    original = _wanted(model)
    if original.methods and hasattr(model, original.methods[0]):
        return original
    raise ExportError(
        f"{type(model).__name__} has no method that answers for new rows, such as predict or "
        "transform; it can't be served"
    )


def _wanted(model: BaseEstimator) -> Original:
    if is_classifier(model):
        scores = _first(model, "predict_proba", "decision_function")
        targets = _targets(model) if scores == ("predict_proba",) else ()
        return Original(methods=("predict", *scores), labelled=True, targets=targets)
    if is_outlier_detector(model):
        return Original(methods=("predict", "decision_function"), labelled=True)
    if is_clusterer(model) and hasattr(model, "predict"):
        scores = _first(model, "transform")
        return Original(methods=("predict", *scores), labelled=True)
    if hasattr(model, "predict") and hasattr(model, "predict_proba"):
        return Original(methods=("predict", "predict_proba"), labelled=True)
    return Original(methods=_first(model, "predict", "transform"), labelled=False)


def answer(model: BaseEstimator, rows: object, like: Sequence[TensorSpec]) -> Outputs:
    """What the original gives, each answer in the form of an output of the export.

    Args:
        model: The original.
        rows: Rows as the model was fitted on them.
        like: The export's outputs; `methods_of` says which method each of them stands for.
    """
    original = methods_of(model)
    methods = original.methods[: len(like)]
    # One thread: a forest adds up its trees in the order in which its threads end.
    with warnings.catch_warnings(), joblib.parallel_config(backend="sequential"):
        warnings.simplefilter("ignore")
        given = call(model, rows, methods)
    if original.targets:
        labels, scores = given
        given = [*np.asarray(labels).T, *scores]
    return {spec.name: _conform(values, spec) for values, spec in zip(given, like, strict=True)}


def call(model: BaseEstimator, rows: object, methods: Sequence[str]) -> list[Any]:
    """What each of the methods gives."""
    return [getattr(model, method)(rows) for method in methods]


def class_labels(model: BaseEstimator) -> tuple[Label, ...]:
    """The classes in the model's order; empty if it has none, or several targets."""
    classes = getattr(model, "classes_", None)
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        return ()
    return _plain(classes)


def _plain(classes: NDArray[Any]) -> tuple[Label, ...]:
    labels = classes.tolist()
    return tuple(labels) if all(type(v) in {str, int, float, bool} for v in labels) else ()


def _targets(model: BaseEstimator) -> tuple[tuple[Label, ...], ...]:
    """The classes of each target of a classifier that gives probabilities for each apart."""
    classes = getattr(model, "classes_", None)
    last: Any = model
    while isinstance(last, Pipeline) or hasattr(last, "best_estimator_"):
        last = last.steps[-1][1] if isinstance(last, Pipeline) else last.best_estimator_
    # A chain gives one matrix, of what speaks for each label.
    if not isinstance(classes, list) or isinstance(last, ClassifierChain):
        return ()
    return tuple(_plain(np.asarray(each)) for each in classes)


def _first(model: BaseEstimator, *methods: str) -> tuple[str, ...]:
    return tuple(method for method in methods if hasattr(model, method))[:1]


def _conform(values: Any, spec: TensorSpec) -> NDArray[Any]:  # noqa: ANN401 - any array-like
    array, rank = _dense(values), len(spec.shape)
    if array.ndim + 1 == rank and spec.shape[-1] in (1, -1):
        array = array[..., np.newaxis]
    elif array.ndim == 2 and rank == 1 and array.shape[1] == 1:  # noqa: PLR2004 - rows, one column
        # CatBoost gives the labels of several classes as a column.
        array = array[:, 0]
    elif array.ndim == 1 and rank > 1 and spec.shape[-1] == _BINARY:
        # A binary decision is one number to scikit-learn, and one for each class to skl2onnx.
        array = np.column_stack([-array, array])
    return _retype(array, DTYPES[spec.datatype])


def _dense(values: Any) -> NDArray[Any]:  # noqa: ANN401 - as above
    if isinstance(values, list):
        return np.stack([np.asarray(value) for value in values])
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


def _retype(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if array.dtype.kind in "UO":
        return array.astype(str).astype(object)
    # ONNX labels are whole numbers or strings: true is 1, and 2.0 is 2.
    whole = array.dtype.kind == "b" or (array.dtype.kind == "f" and (array == array.round()).all())
    if dtype.kind == "i" and whole:
        return array.astype(dtype)
    return array
