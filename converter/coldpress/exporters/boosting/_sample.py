"""A sample as a boosted model and its export take it, categories as they were in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coldpress.errors import SampleError
from coldpress.exporters.sklearn._ask import original_rows
from coldpress.exporters.sklearn._fit import fit_sample
from coldpress.exporters.sklearn._inputs import MATRIX, Inputs, wanted_inputs

from ._boosted import Boosted, Vocabulary
from ._placing import places_of

if TYPE_CHECKING:
    import pandas as pd

    from coldpress.sample import Sample

__all__ = ["Laid", "lay_out"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """A model beside a sample that was fitted to it.

    Attributes:
        boosted: The model, its categories with their features.
        sample: The sample, with the model's columns in its order.
        inputs: The sample as the export takes it.
    """

    boosted: Boosted
    sample: Sample
    inputs: Inputs

    def ask(self, tensors: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """What the original answers to rows as the export takes them."""
        rows: Any = next(iter(tensors.values()))
        if self.boosted.vocabularies:
            rows = original_rows(_columns(self.boosted), self.sample, tensors, self._gaps())
        return list(self.boosted.ask(rows))

    def _gaps(self) -> frozenset[str]:
        """Columns of words, in which the empty string is a missing value."""
        places = [place for place, v in self.boosted.vocabularies.items() if v.is_text]
        return frozenset(self.sample.columns[place] for place in places)


@dataclass(frozen=True)
class _Columns:
    """A model's columns under the names by which scikit-learn's estimators tell theirs."""

    n_features_in_: int
    feature_names_in_: tuple[str, ...] | None


def lay_out(boosted: Boosted, sample: Sample) -> Laid:
    """Fit a sample to a model.

    Raises:
        SampleError: It lacks a column, has one too many, or one of another kind.
    """
    columns = _columns(boosted)
    fitted = fit_sample(columns, _without_blanks(boosted, sample))
    if boosted.lists:
        boosted, fitted = _with_categories(boosted, fitted)
    inputs = wanted_inputs(columns, fitted)
    _check(boosted, fitted, inputs)
    return Laid(boosted=boosted, sample=fitted, inputs=_typed(boosted, inputs))


def _columns(boosted: Boosted) -> Any:  # noqa: ANN401 - stands for an estimator
    return _Columns(boosted.width, boosted.names or None)


def _without_blanks(boosted: Boosted, sample: Sample) -> Sample:
    """LightGBM writes features' names with underscores in the place of blanks."""
    if boosted.maker != "LightGBM" or sample.frame is None:
        return sample
    names = {name: name.replace(" ", "_") for name in sample.columns}
    known = {new for new in names.values() if new in boosted.names and new not in sample.columns}
    return sample.of_frame(
        sample.frame.rename(columns={old: new for old, new in names.items() if new in known})
    )


def _with_categories(boosted: Boosted, sample: Sample) -> tuple[Boosted, Sample]:
    frame = sample.frame
    if frame is None:
        raise SampleError(
            f"{sample.origin} has no names of columns, and the {boosted.maker} model was trained "
            "on columns of the pandas type category; give a table"
        )
    places = places_of(boosted.lists, boosted.listed, frame, sample.origin)
    known = {
        place: Vocabulary(categories=categories)
        for place, categories in zip(places, boosted.lists, strict=True)
    }
    cast = frame.assign(
        **{
            frame.columns[place]: _categorical(frame.iloc[:, place], vocabulary.categories)
            for place, vocabulary in known.items()
        }
    )
    return replace(boosted, vocabularies=known), sample.of_frame(cast)


def _categorical(column: pd.Series[Any], categories: NDArray[Any]) -> pd.Series[Any]:
    """A column of pandas' type category: those of training first, then what else it holds."""
    import pandas as pd  # noqa: PLC0415 - there is a frame, so it is imported

    known = pd.Index(categories)
    values = column.astype(object)
    present = values[values.notna()]
    unseen = list(dict.fromkeys(present[~present.isin(categories.tolist())].tolist()))
    both = known if not unseen else pd.Index([*categories.tolist(), *unseen])
    return values.astype(pd.CategoricalDtype(both))


def _check(boosted: Boosted, sample: Sample, inputs: Inputs) -> None:
    texts = [name for name, kind in inputs.datatypes.items() if kind == "BYTES"]
    coded = [sample.columns[place] for place, v in boosted.vocabularies.items() if v.is_text]
    if other := [name for name in texts if name not in (MATRIX, *coded)]:
        raise SampleError(
            f"column '{other[0]:.64}' of {sample.origin} is text, and the model takes numbers only"
        )
    typed = [place for place in boosted.categories if _is_category(sample, place)]
    if other := [sample.columns[p] for p in typed if p not in boosted.vocabularies]:
        raise SampleError(
            f"column '{other[0]:.64}' of {sample.origin} has the pandas type category, and the "
            "model doesn't hold its categories; give the codes that it was trained on as numbers"
        )
    for values in inputs.columns.values():
        if values.dtype.kind not in ("biufO" if boosted.vocabularies else "iuf"):
            raise SampleError(
                f"{sample.origin} is {values.dtype}, and the model takes numbers only"
            )


def _is_category(sample: Sample, place: int) -> bool:
    frame = sample.frame
    return frame is not None and frame.dtypes.iloc[place].name == "category"


def _typed(boosted: Boosted, inputs: Inputs) -> Inputs:
    """All numbers in one type: float32 where neither the model nor the sample holds more.

    LightGBM compares in float64: what float32 can't hold would go the wrong way unseen.
    """
    numbers = [
        values.dtype
        for name, values in inputs.columns.items()
        if inputs.datatypes[name] not in {"BYTES", "BOOL"}
    ]
    narrow = boosted.single or all(
        dtype.kind == "f" and dtype.itemsize <= np.dtype(np.float32).itemsize for dtype in numbers
    )
    return inputs.narrowed("FP32" if narrow and _holds_all(boosted) else "FP64")


def _holds_all(boosted: Boosted) -> bool:
    """Whether float32 tells the categories apart."""
    return all(
        v.is_text or np.array_equal(v.categories.astype(np.float32), v.categories)
        for v in boosted.vocabularies.values()
    )
