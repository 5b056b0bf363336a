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
from coldpress.exporters._exported import Attempt, Exported, Outputs, Reference, Rows
from coldpress.exporters._graph import serialise
from coldpress.exporters.sklearn._inputs import MATRIX
from coldpress.onnx_file import OnnxFile

from ._columns import input_names
from ._families import read
from ._graph import graph_of
from ._sample import Laid, lay_out

if TYPE_CHECKING:
    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

__all__ = ["attempts", "reference"]


def attempts(model: Any, sample: Sample) -> tuple[Attempt, ...]:  # noqa: ANN401 - of three libraries
    """The ladder; see `coldpress.exporters.attempts`."""
    laid = lay_out(read(model), sample)
    outputs = laid.boosted.outputs
    tensors = laid.inputs.tensors(input_names(tuple(laid.inputs.columns), outputs))
    side = _Side(laid=laid, tensors=tensors, names=outputs)
    side.check()
    narrow = "FP64" not in laid.inputs.datatypes.values()
    rungs = {"float32": False, "float64": True} if narrow else {"float64": True}
    return tuple(
        Attempt(name=name, export=partial(_export, side, wide=wide)) for name, wide in rungs.items()
    )


def reference(model: Any, sample: Sample, signature: Signature) -> Reference:  # noqa: ANN401 - as above
    """The model beside an export of it; see `coldpress.exporters.reference`."""
    laid = lay_out(read(model), sample)
    shapes = [spec.shape[1:] for spec in signature.inputs]
    wanted = [values.shape[1:] for values in laid.inputs.columns.values()]
    if shapes != wanted or len(signature.outputs) != len(laid.boosted.outputs):
        raise ExportError(
            f"the {type(model).__name__} takes {_told(laid)}, which the "
            "export does not; this is not the model that it was made from"
        )
    inputs = laid.inputs.declared([spec.datatype for spec in signature.inputs])
    tensors = inputs.tensors(tuple(spec.name for spec in signature.inputs))
    names = tuple(spec.name for spec in signature.outputs)
    return _Side(laid=laid, tensors=tensors, names=names).reference()


def _told(laid: Laid) -> str:
    if tuple(laid.inputs.columns) == (MATRIX,):
        return f"one matrix of {laid.boosted.width} columns"
    return f"an input for each of {laid.boosted.width} columns"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """The original with the sample as the export takes it.

    Attributes:
        laid: The original, and the sample fitted to it.
        tensors: The sample.
        names: The export's outputs.
    """

    laid: Laid
    tensors: Mapping[str, NDArray[Any]]
    names: tuple[str, ...]

    def ask(self, tensors: Mapping[str, NDArray[Any]]) -> Outputs:
        """What the original answers to rows as the export takes them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = self.laid.ask(tensors)
        if labels := self.laid.boosted.labels:
            # A column of labels from CatBoost, and 1.0 from LightGBM, stand for the same.
            kind = object if isinstance(labels[0], str) else np.int64
            answers[0] = np.asarray(answers[0]).reshape(-1).astype(kind)
        return dict(zip(self.names, answers, strict=True))

    def some(self, rows: slice) -> Outputs:
        """What it answers to some of the sample."""
        return self.ask({name: array[rows] for name, array in self.tensors.items()})

    def check(self) -> None:
        """Let the original answer every row; what it refuses, such as infinity, is no input."""
        try:
            self.ask(self.tensors)
        except Exception as error:
            raise SampleError(
                f"the model can't take the rows of {self.laid.sample.origin}: {brief(error)}"
            ) from error

    def reference(self) -> Reference:
        """What an export is held against."""
        boosted, names = self.laid.boosted, self.names
        labels = boosted.labels
        return Reference(
            rows=Rows(name="sample", tensors=self.tensors, original=self.some),
            described=f"{boosted.maker}'s own {boosted.method}, on the same {self._told()} rows",
            features=self._features(),
            label_outputs=frozenset(names[:1] if labels else ()),
            labels=dict.fromkeys(names, labels) if labels else {},
            rankings={names[0]: names[1]} if labels else {},
            truth=self.laid.sample.truth,
            timed=partial(self.some, slice(0, 1)),
            ask=self.ask,
        )

    def _told(self) -> str:
        if len(self.tensors) > 1:
            return "table's"
        return str(next(iter(self.tensors.values())).dtype)

    def _features(self) -> tuple[str, ...]:
        columns = tuple(self.laid.inputs.columns)
        changed = columns != tuple(self.tensors)
        return self.laid.inputs.features if changed or columns == (MATRIX,) else ()


def _export(side: _Side, *, wide: bool) -> Exported:
    given = {
        name: int(helper.np_dtype_to_tensor_dtype(array.dtype))
        for name, array in side.tensors.items()
    }
    proto = graph_of(side.laid.boosted, given=given, wide=wide)
    return Exported(model=OnnxFile(graph=serialise(proto)), reference=side.reference())
