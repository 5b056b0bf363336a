"""How well original and export do the task, where somebody said what is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coldpress.errors import SampleError

from ._answer import Answer
from ._checks import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.exporters import Reference
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["measure_metric"]

_RANK = 2
_MOST_CLASSES = 50
_HALF = 0.5
_SHOWN = 5

_Measure: TypeAlias = "Callable[[NDArray[Any], NDArray[Any]], Metric | None]"


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
        SampleError: The truth fits none of the outputs, as the original gives them.
    """
    if reference.truth is None:
        return None
    rows = np.concatenate([np.arange(a.rows.start, a.rows.stop) for a in answers])
    truth = reference.truth[rows]
    for spec in sorted(outputs, key=lambda output: output.name not in reference.label_outputs):
        original = _whole([a.original[spec.name] for a in answers])
        if original is None or len(original) != len(truth):
            continue
        measure = _way(reference, spec.name, truth, original)
        if measure is not None:
            export = _whole([a.exported[spec.name] for a in answers])
            # Of another shape, the export has failed by that, and does nothing well or badly.
            if export is None or export.shape != original.shape:
                return None
            return measure(original, export)
    raise SampleError(
        "the labels fit no output of the model; give class labels for a classifier, class numbers "
        "from 0 for scores, or numbers for a regressor"
    )


def _whole(batches: Sequence[NDArray[Any]]) -> NDArray[Any] | None:
    """All batches as one array; None if they are not of one shape."""
    parts = [np.atleast_1d(batch) for batch in batches]
    return np.concatenate(parts) if len({part.shape[1:] for part in parts}) == 1 else None


def _way(
    reference: Reference, name: str, truth: NDArray[Any], original: NDArray[Any]
) -> _Measure | None:
    """How to measure an output; None if the truth says nothing of it."""
    words = _words(truth)
    if name in reference.label_outputs and original.ndim == 1:
        _check_classes(words, _words(np.array(reference.labels.get(name, ()) or original)))
        return lambda *sides: _accuracy(words, *map(_words, sides))
    if original.dtype.kind not in "iuf":
        return None
    if original.ndim == _RANK and original.shape[1] > 1:
        return _by_winner(words, reference.labels.get(name, ()) or range(original.shape[1]))
    return _by_value(truth, original) if original.size == len(truth) else None


def _by_winner(words: NDArray[Any], classes: Sequence[object]) -> _Measure | None:
    """The class of the largest score."""
    names = np.array([_word(c) for c in classes], dtype=object)
    if not set(words) <= set(names):
        return None
    return lambda *sides: _accuracy(words, *(names[side.argmax(1)] for side in sides))


def _by_value(truth: NDArray[Any], original: NDArray[Any]) -> _Measure | None:
    """A single number for each row: the probability of one of two classes, or a target."""
    words = _words(truth)
    if set(words) <= {"0", "1"} and ((original >= 0) & (original <= 1)).all():
        return lambda *sides: _accuracy(words, *(_words(side.ravel() > _HALF) for side in sides))
    if truth.dtype.kind in "iufb":
        return lambda *sides: _determination(truth, *(side.ravel() for side in sides))
    return None


def _check_classes(truth: NDArray[Any], classes: NDArray[Any]) -> None:
    if not set(truth) & set(classes):
        raise SampleError(
            f"none of the labels is a class of the model: they are {_some(truth)}, and the model "
            f"answers {_some(classes)}; give the classes as it was trained on them"
        )


def _some(words: NDArray[Any]) -> str:
    known = sorted(set(words))
    return ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")


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

    if len(truth) < _RANK:
        raise SampleError("two labelled rows at least are needed to measure a regressor")
    if not all(np.isfinite(side.astype(np.float64)).all() for side in (truth, original, export)):
        return None
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
