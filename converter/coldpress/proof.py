"""Proving again what is there: a bundle against its original, or what it remembers of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldpress.bundle import Bundle, writing
from coldpress.certification import Certificate, certify
from coldpress.errors import BundleError
from coldpress.exporters import Outputs, Reference, Rows, reference
from coldpress.load import TrainedModel
from coldpress.onnx_file import OnnxFile
from coldpress.proving import packages_of
from coldpress.sample import Sample
from coldpress_runtime.artifact import WEIGHTS_NAME
from coldpress_runtime.session import DTYPES

__all__ = ["against_golden", "against_original", "against_plain", "served"]

_GOLDEN = "golden examples"
_PACKAGES = ("coldpress", "onnxruntime", "numpy")

Progress = Callable[[str], None]


def against_original(
    bundle: Bundle, trained: TrainedModel, sample: Sample, *, progress: Progress
) -> Certificate:
    """Hold a bundle against the model that it was made from.

    The ways to export that were tried when it was made stay in the certificate.

    Args:
        bundle: The bundle.
        trained: The original.
        sample: Rows to ask both.
        progress: Called with what is about to be done.

    Raises:
        ColdpressError: The model or the sample doesn't fit the bundle.
    """
    with served(bundle) as model:
        held = reference(trained, sample, bundle.manifest.signature, model)
        found = _certified(bundle, model, held, packages_of(trained), progress)
    return found.with_rungs(bundle.certificate().rungs)


def against_plain(bundle: Bundle, sample: Sample, *, progress: Progress) -> Certificate:
    """Hold a bundle, as this machine runs it, against itself without graph optimisations.

    Args:
        bundle: The bundle.
        sample: Rows to ask both.
        progress: Called with what is about to be done.

    Raises:
        SampleError: The sample doesn't fit the bundle.
    """
    with served(bundle) as model:
        plain = TrainedModel(framework="onnx", format="onnx", model=model, sha256="", packages=())
        held = reference(plain, sample, bundle.manifest.signature)
        return _certified(bundle, model, held, _PACKAGES, progress)


def against_golden(bundle: Bundle, *, progress: Progress) -> Certificate:
    """Hold a bundle against its golden examples: what the original answered when it was made.

    Where an output has no dimension of rows, against the first of them: they can't be one request.

    Args:
        bundle: The bundle.
        progress: Called with what is about to be done.

    Raises:
        BundleError: It has no golden examples, as where every row of its sample had a NaN, or they
            can't be read.
    """
    examples = bundle.golden()
    if not examples:
        raise BundleError(
            f"{bundle.path} holds no golden examples; give the original and rows to compare them "
            "on, with --original MODEL --data FILE"
        )
    signature = bundle.manifest.signature
    labels = {spec.name: spec.labels for spec in signature.outputs if spec.labels}
    kinds = {spec.name: DTYPES[spec.datatype].kind for spec in signature.outputs}
    decided = [name for name in labels if kinds[name] != "f"]
    scores = [name for name in labels if name not in decided]
    held = Reference(
        rows=_golden_rows(bundle, examples),
        described="the answers that the original gave when the bundle was made",
        label_outputs=frozenset(decided),
        labels=labels,
        rankings=dict(zip(decided, scores, strict=False)),
    )
    with served(bundle) as model:
        return _certified(bundle, model, held, _PACKAGES, progress)


def _certified(
    bundle: Bundle,
    model: OnnxFile,
    held: Reference,
    packages: Sequence[str],
    progress: Progress,
) -> Certificate:
    progress(f"Comparing on {held.rows.count:,} rows")
    tolerance = bundle.certificate().tolerance
    if held.rows.name == _GOLDEN:
        tolerance = tolerance.for_few(held.rows.count)
    return certify(held, model.open(), packages=tuple(packages), tolerance=tolerance)


@contextmanager
def served(bundle: Bundle) -> Iterator[OnnxFile]:
    """The bundle's model as its function serves it."""
    graph = bundle.unpacked(bundle.manifest.blob("model"))
    if bundle.manifest.weights is None:
        yield OnnxFile(graph=graph)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with writing(), (folder / WEIGHTS_NAME).open("wb") as file:
            for part in bundle.unpacked_parts(bundle.manifest.weights):
                file.write(part)
        yield OnnxFile(graph=graph, folder=folder)


def _golden_rows(bundle: Bundle, examples: Sequence[dict[str, Any]]) -> Rows:
    """All requests as one, and all answers; or the first, where answers have no rows."""
    try:
        requests = [_tensors(example["request"]["inputs"]) for example in examples]
        answers = [_tensors(example["response"]["outputs"]) for example in examples]
        if not _by_row(requests[0], answers[0]):
            return Rows(name=_GOLDEN, tensors=requests[0], original=lambda _: answers[0])
        original = partial(_slice, _stacked(answers))
        return Rows(name=_GOLDEN, tensors=_stacked(requests), original=original)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise BundleError(
            f"the golden examples of {bundle.path} are no requests with their answers; export the "
            "model again"
        ) from error


def _by_row(request: Outputs, answer: Outputs) -> bool:
    """Whether each output has as many rows as the inputs."""
    rows = {array.shape[:1] for array in request.values()}
    return rows == {array.shape[:1] for array in answer.values()} != {()}


def _tensors(entries: Sequence[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    return {
        entry["name"]: np.array(entry["data"], dtype=DTYPES[entry["datatype"]]).reshape(
            entry["shape"]
        )
        for entry in entries
    }


def _stacked(examples: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([example[name] for example in examples]) for name in examples[0]}


def _slice(answers: dict[str, NDArray[Any]], rows: slice) -> Outputs:
    return {name: array[rows] for name, array in answers.items()}
