"""The original beside its export: what it answers to the sample, and what its answers mean."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from coldpress.errors import ExportError
from coldpress.exporters._exported import Label, Outputs, Reference, Rows

from ._ask import columns_with_gaps, original_rows
from ._cautions import caution_of
from ._fit import asked, fit_sample
from ._inputs import MATRIX, Inputs, wanted_inputs
from ._original import Original, answer, call, class_labels, methods_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature, TensorSpec

__all__ = ["reference", "reference_of"]


def reference(model: BaseEstimator, sample: Sample, signature: Signature) -> Reference:
    """An estimator beside an export of it; see `coldpress.exporters.reference`."""
    fitted = fit_sample(model, sample)
    inputs = wanted_inputs(model, fitted)
    if len(inputs.columns) != len(signature.inputs):
        raise ExportError(
            f"the {type(model).__name__} takes {len(inputs.columns)} inputs and the export has "
            f"{len(signature.inputs)}; this is not the model that it was made from"
        )
    declared = [spec.datatype for spec in signature.inputs]
    return reference_of(model, fitted, inputs.declared(declared), signature)


def reference_of(
    model: BaseEstimator, sample: Sample, inputs: Inputs, signature: Signature
) -> Reference:
    """What an export of an estimator is held against.

    Args:
        model: The estimator.
        sample: The sample, fitted to it.
        inputs: The sample as the export takes it.
        signature: What the export takes and gives.
    """
    original = methods_of(model)
    tensors = inputs.tensors(tuple(spec.name for spec in signature.inputs))
    outputs = tuple(spec.name for spec in signature.outputs)
    answers = partial(_original, model, sample, signature.outputs)
    return Reference(
        rows=Rows(name="sample", tensors=tensors, original=answers),
        described=f"scikit-learn's own {', '.join(original.methods)}, on the sample as given",
        features=_features(inputs, tuple(tensors)),
        label_outputs=original.label_outputs(outputs),
        labels=_labels(model, original, signature.outputs),
        rankings=original.rankings(outputs),
        truth=sample.truth,
        caution=caution_of(model),
        ask=partial(_asked, model, sample, signature.outputs, columns_with_gaps(model, sample)),
        timed=partial(call, model, asked(model, sample.take(slice(0, 1))), original.methods),
    )


def _original(
    model: BaseEstimator, sample: Sample, like: Sequence[TensorSpec], rows: slice
) -> Outputs:
    return answer(model, asked(model, sample.take(rows)), like)


def _asked(
    model: BaseEstimator,
    sample: Sample,
    like: Sequence[TensorSpec],
    gaps: frozenset[str],
    tensors: Mapping[str, NDArray[Any]],
) -> Outputs:
    return answer(model, original_rows(model, sample, tensors, gaps), like)


def _features(inputs: Inputs, names: tuple[str, ...]) -> tuple[str, ...]:
    changed = tuple(inputs.columns) != names
    return inputs.features if changed or tuple(inputs.columns) == (MATRIX,) else ()


def _labels(
    model: BaseEstimator, original: Original, outputs: Sequence[TensorSpec]
) -> dict[str, tuple[Label, ...]]:
    if original.targets:
        pairs = zip(outputs, original.targets * 2, strict=False)
        return {spec.name: classes for spec, classes in pairs if classes}
    classes = class_labels(model) if original.labelled else ()
    label, *scores = outputs
    if not classes:
        return {}
    wide = [spec.name for spec in scores if spec.shape[-1:] == (len(classes),)]
    # A matrix of labels says of each class whether it holds.
    single = [label.name] if len(label.shape) == 1 else []
    return dict.fromkeys((*single, *wide), classes)
