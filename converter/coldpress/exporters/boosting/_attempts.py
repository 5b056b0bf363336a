"""The ladder of a boosted model: float32 with thresholds rounded down, then float64."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from coldpress.errors import ExportError, SampleError, brief
from coldpress.exporters._exported import Attempt, Exported, Outputs, Ranking, Reference, Rows
from coldpress.exporters._graph import serialise
from coldpress.exporters.sklearn._fit import fit_sample
from coldpress.exporters.sklearn._inputs import MATRIX, wanted_inputs
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.session import DTYPES

from ._boosted import Boosted
from ._families import read
from ._graph import INPUT, graph_of

if TYPE_CHECKING:
    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

__all__ = ["attempts", "reference"]


def attempts(model: Any, sample: Sample) -> tuple[Attempt, ...]:  # noqa: ANN401 - of three libraries
    """The ladder; see `coldpress.exporters.attempts`."""
    boosted = read(model)
    rows, features = _rows(boosted, sample)
    # LightGBM compares in float64: what float32 can't hold would go the wrong way unseen.
    narrow = boosted.single or rows.dtype == np.float32
    tensors = {INPUT: rows.astype(np.float32 if narrow else np.float64)}
    side = _Side(boosted=boosted, tensors=tensors, features=features, names=boosted.outputs)
    side.check(sample)
    rungs = {"float32": False, "float64": True} if narrow else {"float64": True}
    return tuple(
        Attempt(name=name, export=partial(_export, side, sample, wide=wide))
        for name, wide in rungs.items()
    )


def reference(model: Any, sample: Sample, signature: Signature) -> Reference:  # noqa: ANN401 - as above
    """The model beside an export of it; see `coldpress.exporters.reference`."""
    boosted = read(model)
    shapes = [spec.shape[1:] for spec in signature.inputs]
    if shapes != [(boosted.width,)] or len(signature.outputs) != len(boosted.outputs):
        raise ExportError(
            f"the {type(model).__name__} takes one matrix of {boosted.width} columns, which the "
            "export does not; this is not the model that it was made from"
        )
    rows, features = _rows(boosted, sample)
    (spec,) = signature.inputs
    names = tuple(spec.name for spec in signature.outputs)
    tensors = {spec.name: rows.astype(DTYPES[spec.datatype])}
    side = _Side(boosted=boosted, tensors=tensors, features=features, names=names)
    return side.reference(sample)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """The original with the sample as the export takes it.

    Attributes:
        boosted: The original.
        tensors: The sample.
        features: Names of its columns, if they have any.
        names: The export's outputs.
    """

    boosted: Boosted
    tensors: Mapping[str, NDArray[Any]]
    features: tuple[str, ...]
    names: tuple[str, ...]

    def ask(self, tensors: Mapping[str, NDArray[Any]]) -> Outputs:
        """What the original answers to rows as the export takes them."""
        (rows,) = tensors.values()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = list(self.boosted.ask(rows))
        if labels := self.boosted.labels:
            # A column of labels from CatBoost, and 1.0 from LightGBM, stand for the same.
            kind = object if isinstance(labels[0], str) else np.int64
            answers[0] = np.asarray(answers[0]).reshape(-1).astype(kind)
        return dict(zip(self.names, answers, strict=True))

    def some(self, rows: slice) -> Outputs:
        """What it answers to some of the sample."""
        return self.ask({name: array[rows] for name, array in self.tensors.items()})

    def check(self, sample: Sample) -> None:
        """Let the original answer every row; what it refuses, such as infinity, is no input."""
        try:
            self.ask(self.tensors)
        except Exception as error:
            raise SampleError(
                f"the model can't take the rows of {sample.origin}: {brief(error)}"
            ) from error

    def reference(self, sample: Sample) -> Reference:
        """What an export is held against."""
        labels, names = self.boosted.labels, self.names
        ((_, rows),) = self.tensors.items()
        return Reference(
            rows=Rows(name="sample", tensors=self.tensors, original=self.some),
            described=f"{self.boosted.maker}'s own {self.boosted.method}, on the same "
            f"{rows.dtype} rows",
            features=self.features,
            label_outputs=frozenset(names[:1] if labels else ()),
            labels=dict.fromkeys(names, labels) if labels else {},
            rankings={names[0]: Ranking(scores=names[1], best="largest")} if labels else {},
            truth=sample.truth,
            timed=partial(self.some, slice(0, 1)),
            ask=self.ask,
        )


def _export(side: _Side, sample: Sample, *, wide: bool) -> Exported:
    given = helper.np_dtype_to_tensor_dtype(side.tensors[INPUT].dtype)
    proto = graph_of(side.boosted, given={INPUT: given}, wide=wide)
    return Exported(model=OnnxFile(graph=serialise(proto)), reference=side.reference(sample))


@dataclass(frozen=True)
class _Columns:
    """A model's columns under the names by which scikit-learn's estimators tell theirs."""

    n_features_in_: int
    feature_names_in_: tuple[str, ...] | None


def _rows(boosted: Boosted, sample: Sample) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The sample as a matrix in its own type, and the names of its columns."""
    columns: Any = _Columns(boosted.width, boosted.names or None)
    inputs = wanted_inputs(columns, fit_sample(columns, sample))
    if set(inputs.columns) != {MATRIX}:
        texts = [name for name, kind in inputs.datatypes.items() if kind == "BYTES"]
        raise SampleError(
            f"column '{texts[0]:.64}' of {sample.origin} is text, and the model takes numbers only"
        )
    matrix = inputs.columns[MATRIX]
    if matrix.dtype.kind not in "iuf":
        raise SampleError(f"{sample.origin} is {matrix.dtype}, and the model takes numbers only")
    # float16 is widened, since what it holds float32 holds, too.
    return matrix.astype(np.float32) if matrix.dtype == np.float16 else matrix, inputs.features
