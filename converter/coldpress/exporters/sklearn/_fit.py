"""Matching a sample to an estimator: which columns it takes, in which order, in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import Pipeline

from coldpress.errors import SampleError
from coldpress.sample import Sample, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["asked", "fit_sample"]

_MATRIX_RANK = 2


def fit_sample(model: BaseEstimator, sample: Sample) -> Sample:
    """The sample with exactly the model's columns, in the model's order.

    Raises:
        SampleError: A column is missing or too many, or the sample is no table of rows.
    """
    sample = _as_table(model, sample)
    names = _feature_names(model)
    if sample.frame is None:
        _check_width(model, sample)
        return sample if names is None else _named(sample, names)
    if names is None:
        _check_width(model, sample)
        return sample
    _check_names(sample, names)
    return sample.of_frame(sample.frame[list(names)])


def asked(model: BaseEstimator, sample: Sample) -> Any:  # noqa: ANN401 - whatever it was fitted on
    """A fitted sample in the form in which the model was fitted: a table, a matrix or texts."""
    if sample.frame is None:
        return _matrix(sample)
    if _takes_texts(model):
        return sample.frame.iloc[:, 0]
    return sample.frame if _feature_names(model) is not None else sample.frame.to_numpy()


def _as_table(model: BaseEstimator, sample: Sample) -> Sample:
    if sample.frame is not None:
        return sample
    arrays = sample.arrays or {}
    if len(arrays) == 1 and _matrix(sample).ndim == _MATRIX_RANK:
        return sample
    flat = {name or "text": array.reshape(len(array), -1) for name, array in arrays.items()}
    wide = [name for name, array in flat.items() if array.shape[1] != 1]
    if wide or (len(flat) == 1 and not _takes_texts(model)):
        raise SampleError(
            f"{sample.origin} must be one array of two dimensions, (rows, features), "
            f"or one array of (rows,) for each column, for a scikit-learn model"
        )
    import pandas as pd  # noqa: PLC0415 - half a second, for those who need it

    frame = pd.DataFrame({name: array[:, 0] for name, array in flat.items()})
    return sample.of_frame(frame)


def _matrix(sample: Sample) -> NDArray[Any]:
    return next(iter((sample.arrays or {}).values()))


def _named(sample: Sample, names: tuple[str, ...]) -> Sample:
    import pandas as pd  # noqa: PLC0415 - half a second, for those who need it

    return sample.of_frame(pd.DataFrame(_matrix(sample), columns=list(names)))


def _feature_names(model: BaseEstimator) -> tuple[str, ...] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else tuple(str(name) for name in names)


def _check_names(sample: Sample, names: tuple[str, ...]) -> None:
    found = sample.columns
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    if not missing and not extra:
        return
    parts = [f"is missing {quoted(missing)}"] if missing else []
    if extra:
        flags = " ".join(f'--drop "{name}"' if " " in name else f"--drop {name}" for name in extra)
        hint = f" (leave out with {flags:.200})" if not missing else ""
        parts.append(f"has {quoted(extra)}, which the model does not take{hint}")
    raise SampleError(f"{sample.origin} {' and '.join(parts)}")


def _check_width(model: BaseEstimator, sample: Sample) -> None:
    wanted = 1 if _takes_texts(model) else getattr(model, "n_features_in_", None)
    width = len(sample.columns) if sample.frame is not None else _matrix(sample).shape[1]
    if wanted is None or width == wanted:
        return
    hint = "; leave columns such as the label out with --drop COLUMN" if width > wanted else ""
    names = f" ({quoted(sample.columns)})" if sample.frame is not None else ""
    raise SampleError(
        f"{sample.origin} has {width} columns{names} and the model takes {wanted}{hint}"
    )


def _takes_texts(model: BaseEstimator) -> bool:
    first = model
    while isinstance(first, Pipeline):
        first = first.steps[0][1]
    return isinstance(first, CountVectorizer | HashingVectorizer)
