"""XGBoost, LightGBM and CatBoost models that stand alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.errors import SampleError, brief
from coldpress.onnx_file import OnnxFile

from ._exported import Attempt, Exported, Outputs, Ranking, Reference, Rows
from ._graph import serialise
from .boosters import Booster, booster_of
from .sklearn import fit_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature

__all__ = ["attempts", "reference"]

_FLOAT32_BYTES = 4


def attempts(model: Any, sample: Sample) -> tuple[Attempt, ...]:  # noqa: ANN401 - untyped packages
    """The ladder; see `coldpress.exporters.attempts`."""
    booster = booster_of(model)
    matrix, names = fit_matrix(booster.columns, sample)
    _check_answers(booster, matrix, sample.origin)
    ways = {double: "float64" if double else booster.narrow_name for double in (False, True)}
    wide_first = matrix.dtype.kind != "f" or matrix.dtype.itemsize > _FLOAT32_BYTES
    order = ((True, False) if wide_first else (False, True)) if booster.takes_double else (False,)
    return tuple(
        Attempt(
            name=ways[double],
            export=partial(_export, booster, matrix, names, sample.truth, double=double),
        )
        for double in order
    )


def reference(model: Any, sample: Sample, signature: Signature) -> Reference:  # noqa: ANN401 - as above
    """The model's own answers; see `coldpress.exporters.reference`."""
    booster = booster_of(model)
    matrix, names = fit_matrix(booster.columns, sample)
    (given,) = signature.inputs
    double = given.datatype == "FP64"
    outputs = [spec.name for spec in signature.outputs]
    return _reference(booster, matrix, names, outputs, sample.truth, double=double)


def _check_answers(booster: Booster, matrix: NDArray[Any], origin: str) -> None:
    try:
        booster.ask(matrix)
    except Exception as error:
        raise SampleError(f"the model can't take the rows of {origin}: {brief(error)}") from error


def _export(
    booster: Booster,
    matrix: NDArray[Any],
    names: tuple[str, ...],
    truth: NDArray[Any] | None,
    *,
    double: bool,
) -> Exported:
    proto = booster.graph(double)
    outputs = [value.name for value in proto.graph.output]
    return Exported(
        model=OnnxFile(graph=serialise(proto)),
        reference=_reference(booster, matrix, names, outputs, truth, double=double),
    )


def _reference(  # noqa: PLR0913 - private
    booster: Booster,
    matrix: NDArray[Any],
    names: tuple[str, ...],
    outputs: Sequence[str],
    truth: NDArray[Any] | None,
    *,
    double: bool,
) -> Reference:
    tensors = {"input": matrix.astype(np.float64 if double else np.float32)}
    labelled = "label" in outputs
    return Reference(
        rows=Rows(
            name="sample", tensors=tensors, original=partial(_original, booster, matrix, outputs)
        ),
        described=booster.described,
        features=names,
        label_outputs=frozenset({"label"} if labelled else ()),
        labels=dict.fromkeys(("label", "probabilities"), booster.classes) if labelled else {},
        rankings={"label": Ranking(scores="probabilities", best="largest")} if labelled else {},
        truth=truth,
        timed=partial(booster.ask, matrix[:1]),
    )


def _original(
    booster: Booster, matrix: NDArray[Any], outputs: Sequence[str], rows: slice
) -> Outputs:
    return dict(zip(outputs, booster.ask(matrix[rows]), strict=True))
