"""How well original and export do the task, where somebody said what is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import SampleError

from ._certificate import Metric
from ._check import Answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["measure_metric"]

_RANK = 2
_MOST_CLASSES = 50
_HALF = 0.5


def measure_metric(
    reference: Reference, outputs: Sequence[TensorSpec], answers: Sequence[Answer]
) -> Metric | None:
    """Accuracy for classes, R² for numbers; None without true labels.

    Classes are read off a label output, or off the largest of a row of scores, or off a single
    probability.

    Args:
        reference: Which outputs are labels, and the truth.
        outputs: The model's outputs.
        answers: What both say to the whole sample, in order.

    Raises:
        SampleError: The truth fits none of the outputs.
    """
    if reference.truth is None:
        return None
    rows = np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])
    truth = reference.truth[rows]
    for spec in sorted(outputs, key=lambda output: output.name not in reference.label_outputs):
        original, export = (
            np.concatenate([np.atleast_1d(side[spec.name]) for side in sides])
            for sides in ([a.original for a in answers], [a.exported for a in answers])
        )
        if original.shape != export.shape or len(original) != len(truth):
            continue
        if spec.name in reference.label_outputs and original.ndim == 1:
            return _accuracy(_words(truth), _words(original), _words(export))
        if (metric := _by_scores(reference, spec.name, truth, original, export)) is not None:
            return metric
    raise SampleError(
        "the labels fit no output of the model; give class labels for a classifier, class numbers "
        "from 0 for scores, or numbers for a regressor"
    )


def _by_scores(
    reference: Reference,
    name: str,
    truth: NDArray[Any],
    original: NDArray[Any],
    export: NDArray[Any],
) -> Metric | None:
    if original.dtype.kind not in "iuf":
        return None
    classes = reference.labels.get(name, ())
    if original.ndim == _RANK and original.shape[1] > 1:
        names = np.array([_word(c) for c in classes or range(original.shape[1])], dtype=object)
        if not set(_words(truth)) <= set(names):
            return None
        return _accuracy(_words(truth), names[original.argmax(1)], names[export.argmax(1)])
    single = [side.reshape(len(truth), -1)[:, 0] for side in (original, export)]
    if set(_words(truth)) <= {"0", "1"} and ((single[0] >= 0) & (single[0] <= 1)).all():
        return _accuracy(_words(truth), *(_words(side > _HALF) for side in single))
    if truth.dtype.kind in "iufb" and original.size == len(truth):
        return _determination(truth, *single)
    return None


def _accuracy(truth: NDArray[Any], original: NDArray[Any], export: NDArray[Any]) -> Metric:
    from sklearn.metrics import confusion_matrix  # noqa: PLC0415 - only where there are labels

    classes = sorted({*truth, *original, *export})
    counted = len(classes) <= _MOST_CLASSES
    tables = [
        tuple(confusion_matrix(truth, side, labels=classes).ravel().tolist()) if counted else ()
        for side in (original, export)
    ]
    return Metric(
        name="accuracy",
        original=float((truth == original).mean()),
        export=float((truth == export).mean()),
        classes=tuple(classes) if counted else (),
        confusion_original=tables[0],
        confusion_export=tables[1],
    )


def _determination(
    truth: NDArray[Any], original: NDArray[Any], export: NDArray[Any]
) -> Metric | None:
    from sklearn.metrics import r2_score  # noqa: PLC0415 - as above

    if not all(np.isfinite(side.astype(np.float64)).all() for side in (truth, original, export)):
        return None
    if len(truth) < _RANK:
        raise SampleError("two labelled rows at least are needed to measure a regressor")
    return Metric(
        name="r2",
        original=float(r2_score(truth, original)),
        export=float(r2_score(truth, export)),
    )


def _words(values: NDArray[Any]) -> NDArray[Any]:
    """Labels as text, so that 1, 1.0 and true are one class, however a file wrote them."""
    return np.array([_word(value) for value in values.tolist()], dtype=object)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
