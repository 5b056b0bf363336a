"""The ladder of exports of an estimator: each rung another way, the first that is proven holds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import onnx
from sklearn.base import BaseEstimator

from coldpress.errors import SampleError, brief
from coldpress.exporters._exported import Attempt, Exported, Outputs
from coldpress.exporters._graph import (
    correct_shapes,
    keep_outputs,
    rename_outputs,
    reverse_columns,
    serialise,
)
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.session import ModelSession, datatype_of

from ._convert import check_convertible, convert
from ._converters import PRECISE
from ._finish import give_whole_numbers, split_targets
from ._fit import asked, fit_sample
from ._inputs import Inputs, parts_of, wanted_inputs
from ._original import answer, methods_of
from ._reference import reference_of
from ._sparse import fed_sparsely

if TYPE_CHECKING:
    from coldpress.sample import Sample

__all__ = ["attempts"]

_FIRST_ROWS = 8
_NAMES = {"INT64": "int64", "FP32": "float32", "FP64": "float64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    """A way to convert.

    Attributes:
        name: What sets it apart.
        inputs: The sample in the types of the graph's inputs.
        repaired: Whether scalers calculate in float64 within a graph of float32.
    """

    name: str
    inputs: Inputs
    repaired: bool = False


def attempts(model: BaseEstimator, sample: Sample) -> tuple[Attempt, ...]:
    """The ladder; see `coldpress.exporters.attempts`."""
    check_convertible(model)
    fitted = fit_sample(model, sample)
    wanted = wanted_inputs(model, fitted)
    _check_answers(model, fitted)
    return tuple(
        Attempt(name=rung.name, export=partial(_export, model, fitted, rung))
        for rung in _ladder(model, wanted)
    )


def _ladder(model: BaseEstimator, wanted: Inputs) -> list[_Rung]:
    """The sample's own types first, then narrower and wider ones; repaired before others.

    Where the sample has float64 itself, a graph of nothing else comes before float32: it takes
    the values as they are. Otherwise it is the last, since it makes callers send wider numbers.
    """
    scaled = any(isinstance(part, tuple(PRECISE)) for part in parts_of(model))
    narrow, wide = wanted.narrowed("FP32"), wanted.narrowed("FP64")
    is_wide = "FP64" in wanted.datatypes.values()
    rungs: dict[str, _Rung] = {}
    for inputs in (wanted, wide, narrow) if is_wide else (wanted, narrow, wide):
        name = _name(inputs)
        rungs.setdefault(name, _Rung(name=name, inputs=inputs))
        if scaled and "FP64" not in inputs.datatypes.values():
            name = f"{name}, scalers in float64"
            rungs.setdefault(name, _Rung(name=name, inputs=inputs, repaired=True))
    return list(rungs.values())


def _name(inputs: Inputs) -> str:
    numeric = sorted({_NAMES[t] for t in inputs.datatypes.values() if t in _NAMES})
    return "+".join(numeric) or "text"


def _check_answers(model: BaseEstimator, sample: Sample) -> None:
    """Let the original answer every row; what it refuses, such as a word, is no input."""
    method, *_ = methods_of(model).methods
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(model, method)(asked(model, sample))
    except Exception as error:
        raise SampleError(
            f"the model can't take the rows of {sample.origin}: {brief(error)}"
        ) from error


def _export(model: BaseEstimator, sample: Sample, rung: _Rung) -> Exported:
    original, inputs = methods_of(model), rung.inputs
    sparse = fed_sparsely(model, asked(model, sample.take(slice(0, _FIRST_ROWS))))
    proto = convert(model, inputs, repaired=rung.repaired, sparse=sparse)
    keep_outputs(proto, len(original.methods))
    _correct_types(proto)
    tensors = inputs.tensors(tuple(value.name for value in proto.graph.input))
    if original.targets:
        split_targets(proto, [len(classes) for classes in original.targets])
    else:
        _reverse_scores(proto, model, sample, tensors)
        _match_kinds(proto, model, sample, tensors)
    rename_outputs(proto, [original.name(i, v.name) for i, v in enumerate(proto.graph.output)])
    shown = _first_answer(proto, tensors)
    correct_shapes(proto, {name: array.shape for name, array in shown.items()})
    file = OnnxFile(graph=serialise(proto))
    session = file.open()
    signature = Signature(inputs=session.inputs, outputs=session.outputs)
    return Exported(model=file, reference=reference_of(model, sample, inputs, signature))


def _reverse_scores(
    proto: onnx.ModelProto, model: BaseEstimator, sample: Sample, tensors: Outputs
) -> None:
    """Support-vector machines give the two columns of a binary decision the wrong way round."""
    shown = _first_answer(proto, tensors)
    *_, name = shown
    if methods_of(model).methods[-1] != "decision_function" or shown[name].shape[1:] != (2,):
        return
    like = [TensorSpec(name=n, datatype=datatype_of(a), shape=a.shape) for n, a in shown.items()]
    own = answer(model, asked(model, sample.take(slice(0, _FIRST_ROWS))), like)[name]
    if np.allclose(shown[name], own[:, ::-1], rtol=1e-3) and not np.allclose(shown[name], own):
        reverse_columns(proto, len(shown) - 1)


def _match_kinds(
    proto: onnx.ModelProto, model: BaseEstimator, sample: Sample, tensors: Outputs
) -> None:
    """Counts, and other whole numbers, come as such."""
    shown = _first_answer(proto, tensors)
    like = [TensorSpec(name=n, datatype=datatype_of(a), shape=a.shape) for n, a in shown.items()]
    own = answer(model, asked(model, sample.take(slice(0, _FIRST_ROWS))), like)
    give_whole_numbers(proto, shown, own)


def _correct_types(proto: onnx.ModelProto) -> None:
    # ONNX's tree regressor gives float32 whatever it takes; skl2onnx declares float64.
    trees = {
        name
        for node in proto.graph.node
        if node.op_type == "TreeEnsembleRegressor"
        for name in node.output
    }
    for value in proto.graph.output:
        if value.name in trees:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT


def _first_answer(proto: onnx.ModelProto, tensors: Outputs) -> Outputs:
    session = ModelSession(proto.SerializeToString())
    return session.run({name: array[:_FIRST_ROWS] for name, array in tensors.items()})
